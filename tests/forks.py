"""Commands as forks of one process that has imported Tollbook, which start ten times faster."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preloaded"])


class Fork:
    """A function in a process of its own, with the methods of `Popen` that tests use.

    What it returns is its exit code; what it prints is appended to a file, or to `output` if that
    is given, and then only errors to `log`. It runs in `folder`, by default in the current one.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: str,
        run: Callable[..., int],
        *given: Any,
        output: str = "",
        folder: Path | None = None,
    ) -> None:
        arguments = (dict(environment), folder or Path.cwd(), output or log, log, run, given)
        self._process = _FORKS.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("tollbook", seconds or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(
    environment: dict[str, str],
    folder: Path,
    output: str,
    log: str,
    run: Callable[..., int],
    given: Any,
) -> None:
    """Run a function in the fork as a process of its own would."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, descriptor in ((output, 1), (log, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    sys.exit(run(*given))
