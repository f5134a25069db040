"""`tollbook …` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.forks import Fork
from tests.servers import Server
from tollbook.cli.main import run


class Command:
    """A command that runs on a database, in a folder; a file `output` gets what it prints.

    As servers do, it starts as a fork of a process that has imported Tollbook, unless something is
    measured.
    """

    def __init__(
        self, database_url: str, *arguments: str, folder: Path | None = None, output: str = ""
    ) -> None:
        self._arguments = arguments
        self._own = TemporaryDirectory()
        self._out, self._err = (Path(self._own.name, name) for name in ("out", "err"))
        for path in (self._out, self._err):
            path.touch()
        out = Path(output) if output else self._out
        environment = {**os.environ, "TOLLBOOK_DATABASE_URL": database_url}
        start = _fork if Server.forks else _start
        self._process = start(environment, arguments, out, self._err, folder)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.finish()

    def finish(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end."""
        code = self._process.wait()
        printed, said = self._out.read_text(), self._err.read_text()
        self._own.cleanup()
        return subprocess.CompletedProcess(["tollbook", *self._arguments], code, printed, said)


def run_command(
    database_url: str, *arguments: str, folder: Path | None = None, output: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return Command(database_url, *arguments, folder=folder, output=output).finish()


def _fork(
    environment: dict[str, str],
    arguments: tuple[str, ...],
    out: Path,
    err: Path,
    folder: Path | None,
) -> Fork:
    out.touch()
    return Fork(environment, str(err), run, arguments, output=str(out), folder=folder)


def _start(
    environment: dict[str, str],
    arguments: tuple[str, ...],
    out: Path,
    err: Path,
    folder: Path | None,
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tollbook", *arguments]
    with out.open("ab") as to, err.open("ab") as errors:
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=to, stderr=errors)
