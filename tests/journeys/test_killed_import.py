"""A process that follows a file is killed at any moment, and every row is an event once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tests.cli.conftest import Tollbook
from tests.cli.conftest import tollbook as tollbook
from tests.waiting import wait_for

ROUNDS = 3
OPTIONS = (
    *("--format", "csv", "--organization", "org_1", "--timezone", "UTC", "--column", "id=id"),
    *("--column", "time=time", "--column", "quantity=seconds", "--column", "to=to"),
)


def test_every_row_is_an_event_once(tollbook: Tollbook, tmp_path: Path) -> None:
    tollbook("organizations", "create", "org_1")
    tollbook("prices", "load", "--example")
    log, state = tmp_path / "cdr.csv", tmp_path / "state" / "state.json"
    log.write_text("id,time,seconds,to\n")
    chance, written = random.Random(7), 0
    for turn in range(ROUNDS):
        process = follow(log, state)
        wait_for(lambda: state.exists() and bool(files(state)))
        for _ in range(5):
            written = append(log, written, chance.randrange(50, 400))
            time.sleep(chance.random() / 50)
        if turn == 1:
            log.rename(tmp_path / "cdr.csv.1")
            log.write_text("id,time,seconds,to\n")
            written = append(log, written, 100)
        process.kill()
        process.wait()
    process = follow(log, state)
    wait_for(lambda: log.stat().st_size in [it["offset"] for it in files(state)])
    wait_for(
        lambda: (tmp_path / "cdr.csv.1").stat().st_size in [it["offset"] for it in files(state)]
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    names = (str(tmp_path / "cdr.csv"), str(tmp_path / "cdr.csv.1"))
    again = tollbook.json("import", *names, *OPTIONS)
    assert again["events"] == {"accepted": 0, "duplicate": written, "quarantined": 0}
    assert tollbook("verify").code == 0


def follow(log: Path, state: Path) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "tollbook", "import", str(log), *OPTIONS)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        (*command, "--follow", "--state", str(state)),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def append(log: Path, written: int, count: int) -> int:
    """Append rows in two pieces, the second of which begins within a row."""
    rows = "".join(
        f"c{n},2024-06-15 09:00:00,61,+442079460100\n" for n in range(written, written + count)
    ).encode()
    with log.open("ab", buffering=0) as file:
        file.write(rows[: len(rows) // 2])
        file.write(rows[len(rows) // 2 :])
    return written + count


def files(state: Path) -> list[dict[str, int]]:
    found: list[dict[str, int]] = msgspec.json.decode(state.read_bytes())["files"]
    return found
