"""The addresses that a server listens on: taken with a sentence when that fails, and told."""

import socket
from contextlib import ExitStack, suppress

import structlog
import uvicorn

from tollbook.domain.errors import InvalidRequest


def sockets_of(host: str, port: int) -> list[socket.socket]:
    """Take every address that a host stands for, or say why that is not possible."""
    with ExitStack() as taken:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [
                taken.enter_context(_bound(family, place))
                for family, place in dict.fromkeys((it[0], it[4]) for it in found)
            ]
        except (OSError, UnicodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise InvalidRequest(f"cannot listen on {_text(host, port)}: {reason}") from error
        taken.pop_all()
    return sockets


def _bound(family: socket.AddressFamily, place: tuple[object, ...]) -> socket.socket:
    it = socket.socket(family)
    try:
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            it.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        it.bind(place)
        it.listen()  # two that have bound the same address are told apart only here
    except OSError:
        it.close()
        raise
    return it


def listen(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Serve on sockets until told to stop."""
    with suppress(KeyboardInterrupt):
        _Server(config).run(sockets)


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell where requests may come to, once they may."""
        await super().startup(sockets)
        for it in sockets or ():
            host, port = it.getsockname()[:2]
            structlog.get_logger().info("listening", address=f"http://{_text(host, port)}")


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
