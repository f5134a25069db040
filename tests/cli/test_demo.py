"""tollbook demo: the published example figure by figure, and a larger organization."""

import io
import shutil
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.builders import Json
from tests.cli.conftest import Ran
from tests.demo import MadeDemo
from tollbook.api.openapi.examples import USERS_ANSWER
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER, OVERVIEW_ANSWER, USAGE_ANSWER
from tollbook.cli.main import run
from tollbook.store.database import Database, open_database

JANUARY = ("--tenant", "demo", "--start", "2024-01-01", "--end", "2024-01-31")


class Demo:
    """A folder in which the demo has run once."""

    def __init__(self, made: MadeDemo, folder: Path) -> None:
        made.copied_to(folder)
        self.folder = folder
        self.first = made.said

    def run(self, *arguments: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with (
            chdir(self.folder),
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            patch.setenv("TOLLBOOK_DATABASE_URL", "sqlite:///tollbook.db")
            code = run(arguments)
        return Ran(code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str) -> Any:
        ran = self.run(*arguments, "--json")
        assert ran.code == 0, ran.err
        return msgspec.json.decode(ran.out)


@pytest.fixture(scope="module")
def demo(made_demo: MadeDemo, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(made_demo, tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def database(demo: Demo) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{demo.folder / 'tollbook.db'}")
    yield opened
    opened.close()


def test_the_demo_tells_what_it_made(demo: Demo) -> None:
    assert demo.first["tenant"] == "demo"
    assert demo.first["organizations"] == ["org_abc123", "org_harbor"]
    assert set(demo.first["keys"]) == {"tenant", "acme", "harbor", "acme_user_123", "atlas"}
    assert list(demo.first["counts"]) == ["accepted"]


def test_the_published_example_is_answered_figure_by_figure(demo: Demo) -> None:
    assert demo.json("report", "users", "org_abc123", *JANUARY) == USERS_ANSWER


def test_the_published_overview_is_answered_and_organizations_add_up_to_it(demo: Demo) -> None:
    january = ("--tenant", "atlas", *JANUARY[2:])
    assert demo.json("report", "overview", *january) == OVERVIEW_ANSWER
    assert demo.json("report", "organizations", *january) == ORGANIZATIONS_ANSWER
    bounds = ("--start", "2024-01-01T00:00:00Z", "--end", "2024-02-01T00:00:00Z")
    found = demo.json("report", "usage", "org_abc123", "--tenant", "demo", *bounds)
    assert found == USAGE_ANSWER


def test_brand_registration_is_in_the_ledger_and_in_nobodys_figures(
    demo: Demo, database: Database
) -> None:
    with database.reading() as snapshot:
        found = snapshot.rows(
            "SELECT user_id, cost FROM events WHERE id_text(id) = 'brand-1' AND organization_id = "
            "(SELECT organization_id FROM organizations WHERE id = 'org_abc123')"
        )
    assert found == [("", 4_000_000_000)]


def test_the_larger_organization_has_40_users_and_120_days(demo: Demo, database: Database) -> None:
    answer: Json = demo.json("report", "users", "org_harbor", "--tenant", "demo")
    assert len(answer["users"]) == 40
    assert all(user["total_cost"] > 0 for user in answer["users"])
    with database.reading() as snapshot:
        row = snapshot.row(
            "SELECT COUNT(DISTINCT day) FROM usage_daily WHERE organization_id = "
            "(SELECT organization_id FROM organizations WHERE id = 'org_harbor')"
        )
    assert row is not None
    # Today's first events may still lie ahead.
    assert row[0] in (119, 120)


def test_the_keys_are_kept_for_their_owner_alone(demo: Demo) -> None:
    kept = demo.folder / "tollbook-demo.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode(kept.read_bytes()) == demo.first["keys"]


def test_running_again_changes_nothing(demo: Demo, database: Database) -> None:
    def state() -> list[Any]:
        tables = ("tenants", "organizations", "users", "api_keys", "price_books", "rates")
        with database.reading() as snapshot:
            return [snapshot.rows(f"SELECT * FROM {it} ORDER BY 1, 2") for it in tables]

    before, report = state(), demo.json("report", "users", "org_abc123", *JANUARY)
    again = demo.json("demo")
    assert again["keys"] == demo.first["keys"]
    # Between two runs the clock moves on, and with it the last of the larger organization's events.
    assert again["counts"]["duplicate"] == demo.first["counts"]["accepted"]
    assert set(again["counts"]) <= {"accepted", "duplicate"}
    assert state() == before
    assert demo.json("report", "users", "org_abc123", *JANUARY) == report


def test_damaged_keys_are_made_anew_and_the_page_a_key_and_the_curl_printed(demo: Demo) -> None:
    kept = demo.folder / "tollbook-demo.json"
    kept.write_text("{oops")
    ran = demo.run("demo", "--address", "http://tollbook.test")
    assert ran.code == 0
    renewed = msgspec.json.decode(kept.read_bytes())
    assert set(renewed.values()) & set(demo.first["keys"].values()) == set()
    assert kept.stat().st_mode & 0o777 == 0o600
    key = renewed["tenant"]
    assert "Page      http://tollbook.test/\n" in ran.out
    assert f"API key   {key}\n" in ran.out
    assert (
        "curl 'http://tollbook.test/v1/analytics/users?organization_id=org_abc123"
        f"&start_date=2024-01-01&end_date=2024-01-31' \\\n    -H 'X-API-Key: {key}'"
    ) in ran.out


def test_the_demo_verifies(demo: Demo) -> None:
    assert demo.run("verify").code == 0


def test_the_demo_has_a_database_of_its_own(
    made_demo: MadeDemo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {it.name for it in made_demo.folder.iterdir()} == {
        "tollbook-demo.db",
        "tollbook-demo.json",
    }
    shutil.copytree(made_demo.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.delenv("TOLLBOOK_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert run(["tenants", "list", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == []
