"""Send requests to endpoints, to addresses that were checked, and read little of the answers."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import httpcore

from tollbook.alerts.bounded_stream import MOST_BODY_BYTES, AnswerTooLong, BoundedStream
from tollbook.domain.addresses import Address, Network, parsed
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome, excerpt_of
from tollbook.domain.destinations import Destination, are_allowed

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 15.0
_GOOD = range(200, 300)
Resolve = Callable[[str, int], Awaitable[list[Address]]]
"""Returns all addresses of a name; raises `OSError` when there are none."""


class AddressNotAllowed(Exception):
    """One of the addresses of a name is not public, and in no allowed network."""


class NameNotFound(Exception):
    """A name that has no address."""


async def resolve(host: str, port: int) -> list[Address]:
    """Return all addresses of a name, by the name service of the machine."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [parsed(str(it[4][0])) for it in found]
    return [it for it in addresses if it is not None]


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it has checked itself, so that a name cannot change in between.

    The name stays what TLS verifies and what the receiver sees.
    """

    def __init__(self, networks: Sequence[Network], resolve: Resolve = resolve) -> None:
        self._networks = networks
        self._resolve = resolve
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that accepts; refuse all if one of them is forbidden."""
        addresses = await self._addresses(host, port)
        if not are_allowed(addresses, self._networks):
            raise AddressNotAllowed
        error: Exception = NameNotFound()
        for address in addresses:
            try:
                stream = await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return BoundedStream(stream)
        raise error

    async def _addresses(self, host: str, port: int) -> list[Address]:
        literal = parsed(host)
        if literal is not None:
            return [literal]
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NameNotFound from error

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse a socket in the file system."""
        raise AddressNotAllowed

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Requests:
    """Sends requests over HTTP/1.1, with one idle connection kept for each endpoint.

    Redirects are not followed, cookies not kept, and proxy variables not read. It belongs to the
    event loop that uses it.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        resolve: Resolve = resolve,
        context: ssl.SSLContext | None = None,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._networks = networks
        self._whole_seconds = whole_seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context or ssl.create_default_context(),
            max_connections=128,
            max_keepalive_connections=64,
            keepalive_expiry=30,
            network_backend=CheckedBackend(networks, resolve),
        )

    async def post(
        self, to: Destination, headers: Mapping[str, str], body: bytes
    ) -> AttemptOutcome:
        """Send a body and return what came of it, within 15 seconds."""
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._post(to, headers, body)
        except AddressNotAllowed:
            return AttemptOutcome(code=AttemptCode.ADDRESS_NOT_ALLOWED)
        except NameNotFound:
            return AttemptOutcome(code=AttemptCode.DNS_FAILED)
        except (TimeoutError, httpcore.TimeoutException):
            return AttemptOutcome(code=AttemptCode.TIMEOUT)
        except httpcore.ConnectError as error:
            return AttemptOutcome(code=_connect_code(error))
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            return AttemptOutcome(code=AttemptCode.BAD_RESPONSE)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _post(
        self, to: Destination, headers: Mapping[str, str], body: bytes
    ) -> AttemptOutcome:
        sent = {"accept-encoding": "identity", "content-type": "application/json", **headers}
        target = httpcore.URL(
            scheme=to.scheme.encode(),
            host=to.host.encode(),
            port=to.port,
            target=to.target.encode(),
        )
        timeouts = {"connect": CONNECT_SECONDS, "read": self._whole_seconds}
        host = to.origin.partition("://")[2]
        request = self._pool.stream(
            "POST",
            target,
            headers=[("host", host), ("content-length", str(len(body))), *sent.items()],
            content=body,
            extensions={"timeout": timeouts},
        )
        async with request as response:
            return _outcome(response, await _beginning(response))


async def _beginning(response: httpcore.Response) -> bytes:
    """Return the beginning of a body, up to 1 KiB with the marks of its chunks."""
    found = b""
    stream = response.extensions["network_stream"]
    if isinstance(stream, BoundedStream):
        stream.read_body()
    try:
        async for piece in response.aiter_stream():
            found += piece[: MOST_BODY_BYTES - len(found)]
            if len(found) >= MOST_BODY_BYTES:
                break
    except AnswerTooLong:
        pass
    return found


def _outcome(response: httpcore.Response, beginning: bytes) -> AttemptOutcome:
    is_good = response.status in _GOOD
    return AttemptOutcome(
        status=response.status,
        code=None if is_good else AttemptCode.HTTP_STATUS,
        excerpt=excerpt_of(beginning),
        retry_after=_retry_after(response),
    )


def _retry_after(response: httpcore.Response) -> int:
    for name, value in response.headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 9:
            return int(value)
    return 0


def _connect_code(error: Exception) -> AttemptCode:
    """Return whether TLS failed, or the connection before it."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError):
            return AttemptCode.TLS_FAILED
        found = found.__cause__ or found.__context__
    return AttemptCode.CONNECT_FAILED
