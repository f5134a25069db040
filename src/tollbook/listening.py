"""The addresses that a server listens on."""

import socket
from contextlib import ExitStack, suppress

import structlog
import uvicorn

from tollbook.domain.errors import InvalidRequest


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


def listen(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Serve on sockets until a signal stops the server."""
    with suppress(KeyboardInterrupt):
        _Server(config).run(sockets)


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Log the addresses when the server accepts requests."""
        await super().startup(sockets)
        for it in sockets or ():
            host, port = it.getsockname()[:2]
            structlog.get_logger().info("listening", address=f"http://{_text(host, port)}")


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
