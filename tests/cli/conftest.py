"""The command line, run in this process on a database of its own."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.servers import SECRET_KEY
from tollbook import wiring
from tollbook.cli.main import run
from tollbook.store.database import Database, open_database


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Tollbook:
    """Runs `tollbook …` and gives its exit code and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self.folder = folder
        self.opened: list[Database] = []
        """The databases that a command has left open, for the end of its process to close."""

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = run(arguments)
        while self.opened:
            self.opened.pop().close()
        printed = self._capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with --json and read what it printed."""
        ran = self(*arguments, "--json")
        assert ran.code == code, ran.err
        return msgspec.json.decode(ran.out)

    def refusal(self, *arguments: str) -> str:
        """Run a command that must fail with a sentence; give everything it said."""
        ran = self(*arguments)
        assert (ran.code, ran.out) == (1, "")
        said = ran.err.lstrip()
        assert said.startswith("tollbook: ")
        return said

    def write(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


@pytest.fixture
def tollbook(
    ledger_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Tollbook:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", ledger_url)
    if not ledger_url.startswith("sqlite"):  # which has a key in a file
        monkeypatch.setenv("TOLLBOOK_SECRET_KEY", SECRET_KEY)
    monkeypatch.chdir(tmp_path)
    made = Tollbook(capsys, tmp_path)

    def open_and_note(*arguments: Any) -> Database:
        made.opened.append(open_database(*arguments))
        return made.opened[-1]

    monkeypatch.setattr(wiring, "open_database", open_and_note)
    return made


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Database]:
    """The database of the commands, for what a test prepares or reads there."""
    with closing(open_database(ledger_url)) as opened:
        yield opened


@pytest.fixture
def example_prices(tollbook: Tollbook) -> None:
    """The example prices of the default tenant, as its first version."""
    assert tollbook("prices", "load", "--example").code == 0
