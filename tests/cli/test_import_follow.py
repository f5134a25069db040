"""Following files: options that fit, the file of the state, and waiting for the database."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import plain_http
from tests.servers import free_port
from tests.waiting import PATIENCE
from tollbook.cli.command import Options
from tollbook.cli.import_ import verb
from tollbook.cli.import_follow import FollowRun, StopSignal, check_follow, state_path
from tollbook.cli.import_metrics import RESULTS, ImportMetrics, serve_metrics
from tollbook.cli.import_options import mapping_from
from tollbook.domain.errors import DatabaseBroken, SchemaChanged, StoreUnavailable
from tollbook.records.follow.follower import ROTATIONS
from tollbook.records.follow.state import FileState
from tollbook.records.formats import reader_of
from tollbook.records.rows import SourceRefused

COLUMNS = ("--column", "id=id", "--column", "time=t", "--column", "quantity=q")
CSV = ("--format", "csv", *COLUMNS, "--organization", "org_1")


def options(*arguments: str) -> Options:
    return Options(**verb.make_context("import", [*CSV, *arguments]).params)


def run_of(*arguments: str) -> FollowRun:
    given = options("a.csv", "--follow", *arguments)
    mapping = mapping_from(given)
    return FollowRun(given, mapping, reader_of(mapping))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("a.csv", "--state", "s.json"), "--state requires --follow"),
        (("a.csv", "--options-changed"), "--options-changed requires --follow"),
        (("a.csv", "--metrics", "127.0.0.1:1"), "--metrics requires --follow"),
        (("a.csv", "--follow", "--print"), "--follow excludes --print and --dry-run"),
        (("a.csv", "--follow", "--dry-run"), "--follow excludes --print and --dry-run"),
        (("a.csv", "-", "--follow"), "--follow excludes standard input"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(SourceRefused, match=sentence):
        check_follow(options(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.csv",),
        ("-",),
        ("a.csv", "--dry-run"),
        ("a.csv", "--follow", "--state", "s", "--options-changed", "--metrics", "127.0.0.1:1"),
    ],
)
def test_other_options_fit(arguments: tuple[str, ...]) -> None:
    check_follow(options(*arguments))


def path_of(*arguments: str) -> Path:
    given = options(*arguments)
    return state_path(given, mapping_from(given))


def test_the_state_is_where_the_option_or_systemd_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    name = f"import-{mapping_from(options()).id_prefix}.json"
    assert path_of() == tmp_path / ".local" / "state" / "tollbook" / name
    assert path_of("--source", "pbx1").name == "import-pbx1.json"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two")
    assert path_of() == Path("/var/lib/one") / name
    assert path_of("--state", "mine.json") == Path("mine.json")


def test_signals_are_caught_for_a_time_only() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stop = StopSignal()
    with stop.caught():
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(PATIENCE)
        assert stop.is_set()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_second_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with StopSignal().caught():
        os.kill(os.getpid(), signal.SIGINT)
        assert codes == []
        os.kill(os.getpid(), signal.SIGINT)
        assert codes == [130]


class Waits:
    """A run that waits for nothing, and the longest time that it would have waited, each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, signal_after: int = 1_000) -> None:
        self.seconds: list[float] = []
        self.run = run_of()
        monkeypatch.setattr("tollbook.cli.import_follow.random.uniform", lambda _low, high: high)

        def wait(seconds: float) -> bool:
            self.seconds.append(seconds)
            return len(self.seconds) >= signal_after

        monkeypatch.setattr(self.run.stop, "wait", wait)


def failing(*errors: StoreUnavailable) -> Callable[[], str]:
    left = [*errors]

    def call() -> str:
        if left:
            raise left.pop(0)
        return "found"

    return call


def test_a_database_that_is_away_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = Waits(monkeypatch)
    away = [StoreUnavailable("the database cannot be reached")] * 7
    assert waits.run.while_away(failing(*away)) == "found"
    assert waits.seconds == [1, 2, 4, 8, 16, 30, 30]
    said = capsys.readouterr().err
    assert said == "tollbook: the database cannot be reached; waiting for the database\n"


def test_each_absence_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = Waits(monkeypatch)
    for _ in range(2):
        waits.run.while_away(failing(StoreUnavailable("away"), StoreUnavailable("away")))
    assert waits.seconds == [1, 2, 1, 2]
    assert capsys.readouterr().err.count("waiting for the database") == 2


def test_a_signal_ends_the_wait_with_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch, signal_after=2)
    with pytest.raises(StoreUnavailable, match="second"):
        waits.run.while_away(failing(*(StoreUnavailable(it) for it in ("first", "second", "x"))))
    assert waits.seconds == [1, 2]


@pytest.mark.parametrize("kind", [DatabaseBroken, SchemaChanged])
def test_what_no_waiting_ends_is_an_error_at_start_only(
    monkeypatch: pytest.MonkeyPatch, kind: type[StoreUnavailable]
) -> None:
    broken: Any = kind.__new__(kind)
    StoreUnavailable.__init__(broken, "it is broken")
    waits = Waits(monkeypatch)
    with pytest.raises(kind):
        waits.run.while_away(failing(broken))
    assert waits.seconds == []
    waits.run.while_away(failing())
    assert waits.run.while_away(failing(broken)) == "found"
    assert waits.seconds == [1]


def test_a_run_is_healthy_while_it_can_store(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)
    metrics = waits.run.metrics
    seen: list[bool] = []
    assert not metrics.healthy

    def look() -> str:
        seen.append(metrics.healthy)
        if len(seen) == 2:
            raise StoreUnavailable("away")
        return "found"

    waits.run.while_away(look)
    waits.run.while_away(look)
    assert seen == [False, True, False]
    assert metrics.healthy


def samples(metrics: ImportMetrics) -> dict[str, float]:
    return {
        ":".join([it.name, *it.labels.values()]): it.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for it in family.samples
    }


def test_every_result_and_rotation_is_there_from_the_start() -> None:
    found = samples(ImportMetrics())
    assert {f"tollbook_import_rows_total:{it}" for it in RESULTS} <= found.keys()
    assert {f"tollbook_import_rotations_total:{it}" for it in ROTATIONS} <= found.keys()


def test_rows_rotations_and_gaps_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of()
    run.metrics.count_rows("accepted", 3)
    run.metrics.count_rows("accepted", 2)
    run.metrics.count_rows("skipped", 0)
    run.rotated("renamed")
    run.lost(FileState(path="/var/log/cdr.csv", offset=77, inode=5))
    found = samples(run.metrics)
    assert found["tollbook_import_rows_total:accepted"] == 5
    assert found["tollbook_import_rows_total:skipped"] == 0
    assert found["tollbook_import_rotations_total:renamed"] == 1
    assert found["tollbook_import_gaps_total"] == 1
    said = capsys.readouterr().err
    assert "byte 77 of /var/log/cdr.csv (inode 5)" in said


def test_metrics_and_health_are_served_until_the_end() -> None:
    metrics, port = ImportMetrics(), free_port()
    end = serve_metrics(metrics, "127.0.0.1", port)

    def get(path: str) -> tuple[int, str]:
        answer = plain_http.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE)
        return answer.status_code, answer.text

    try:
        assert get("/healthz") == (503, '{"status":"waiting"}\n')
        metrics.healthy = True
        assert get("/healthz") == (200, '{"status":"ok"}\n')
        metrics.count_rows("refused", 4)
        status, text = get("/metrics")
        assert (status, 'tollbook_import_rows_total{result="refused"} 4.0' in text) == (200, True)
        assert get("/") == (404, "no such endpoint\n")
    finally:
        end()
