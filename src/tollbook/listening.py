"""The addresses that a server listens on, and how many files it may open for connections."""

import asyncio
import resource
import signal
import socket
from contextlib import ExitStack, suppress
from types import FrameType

import structlog
import uvicorn

from tollbook.api.pipeline.connections import Connections
from tollbook.domain.errors import InvalidRequest
from tollbook.workers import WorkerProcess

_OTHER_FILES = 256
"""The files of its database and its log that a server opens in addition to connections."""
_log = structlog.get_logger()


def raise_file_limit() -> None:
    """Let this process open as many files as the system allows it; each connection is one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError, ValueError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections() -> int:
    """Return how many connections the file limit of this process allows."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return 2**31
    return files - min(_OTHER_FILES, files // 4)


def sockets_of(host: str, port: int) -> list[socket.socket]:
    """Bind every address of a host; `InvalidRequest` states why that is not possible."""
    with ExitStack() as bound:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [
                bound.enter_context(_bind(family, address))
                for family, address in dict.fromkeys((it[0], it[4]) for it in found)
            ]
        except (OSError, UnicodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise InvalidRequest(f"cannot listen on {_text(host, port)}: {reason}") from error
        bound.pop_all()
    return sockets


def _bind(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.listen()  # only this fails when another server listens on the same address
    except OSError:
        bound.close()
        raise
    return bound


def listen(
    config: uvicorn.Config,
    sockets: list[socket.socket],
    connections: Connections,
    worker: WorkerProcess | None = None,
) -> None:
    """Serve on sockets until a signal stops the server, or the supervisor of a worker has ended."""
    with suppress(KeyboardInterrupt):
        _Server(config, connections, worker).run(sockets)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, connections: Connections, worker: WorkerProcess | None
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._worker = worker

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Log the addresses when the server accepts requests."""
        await super().startup(sockets)
        self._sweeping = asyncio.create_task(self._sweep())
        number = {"worker": self._worker.number} if self._worker else {}
        for it in sockets or ():
            host, port = it.getsockname()[:2]
            _log.info("listening", address=f"http://{_text(host, port)}", **number)
        if self._worker:
            asyncio.get_running_loop().add_reader(self._worker.lifeline, self._end_alone)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; only a server without workers can be stopped at once, by a second Ctrl-C."""
        super().handle_exit(signal.SIGTERM if self._worker else sig, frame)

    def _end_alone(self) -> None:
        """Stop when the supervisor has ended without a signal to its workers."""
        assert self._worker  # noqa: S101  only a worker has a lifeline
        asyncio.get_running_loop().remove_reader(self._worker.lifeline)
        self.should_exit = True

    async def _sweep(self) -> None:
        """Close silent connections until the server ends."""
        while True:
            await asyncio.sleep(self._connections.sweep_seconds)
            self._connections.sweep()


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
