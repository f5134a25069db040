"""The processes of a server on one port: forked, replaced when they end, and stopped together."""

import os
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import structlog

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHORTEST_LIFE = 1.0
"""A worker that has lived for fewer seconds is replaced that many seconds later."""
_log = structlog.get_logger()


class WorkerProcess(NamedTuple):
    """One of several processes of a server, counted from 1.

    There are `workers` of them; `folder` has the sockets between them. `lifeline` is a file
    descriptor that reaches its end when the process that started them has ended, even by a kill.
    """

    number: int
    workers: int
    folder: Path
    lifeline: int

    def socket_of(self, number: int) -> Path:
        """Return the socket on which a worker answers the others."""
        return self.folder / str(number)


def fork_workers(count: int, sockets: Sequence[socket.socket], folder: str) -> WorkerProcess | None:
    """Return in each worker; in the calling process, return None once all have ended.

    The caller must have no threads and no connections. It closes its `sockets` when a signal stops
    it, so that nobody can connect once no worker listens.
    """
    return _Supervisor(count, sockets, Path(folder)).run()


class _Started(NamedTuple):
    """A running worker, and when it was started, in seconds of the monotonic clock."""

    number: int
    at: float


class _Supervisor:
    def __init__(self, count: int, sockets: Sequence[socket.socket], folder: Path) -> None:
        self._count = count
        self._sockets = sockets
        self._folder = folder
        self._lifeline, self._supervisor_end = os.pipe()
        self._workers: dict[int, _Started] = {}
        self._stops = False

    def run(self) -> WorkerProcess | None:
        for it in _SIGNALS:
            signal.signal(it, self._stop)
        for number in range(1, self._count + 1):
            if worker := self._start(number):
                return worker
        while self._workers:
            pid, status = os.wait()
            ended = self._workers.pop(pid, None)
            if ended is None or self._stops:
                continue
            code = os.waitstatus_to_exitcode(status)
            _log.error("worker_ended", worker=ended.number, pid=pid, exit_code=code)
            if time.monotonic() - ended.at < _SHORTEST_LIFE:
                time.sleep(_SHORTEST_LIFE)
            if worker := self._start(ended.number):
                return worker
        return None

    def _start(self, number: int) -> WorkerProcess | None:
        """Fork; return the worker in the new process only.

        Signals wait meanwhile: a new process must not run the handler of this one, and the handler
        must know every worker.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            if self._stops:
                return None
            pid = os.fork()
            if pid == 0:
                os.close(self._supervisor_end)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                # Ctrl-C reaches the whole group; workers wait for the signal of their supervisor.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                return WorkerProcess(number, self._count, self._folder, self._lifeline)
            self._workers[pid] = _Started(number, time.monotonic())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return None

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stops = True
        for it in self._sockets:
            it.close()
        for pid in self._workers:
            with suppress(ProcessLookupError):  # it has died, and was waited for
                os.kill(pid, signal.SIGTERM)
