"""A connection of which only the beginning of each answer is read."""

import ssl
from typing import Any

import httpcore

MOST_HEAD_BYTES, MOST_BODY_BYTES = 8_192, 1_024


class AnswerTooLong(httpcore.RemoteProtocolError):
    """An answer is longer than what is read of it."""


class BoundedStream(httpcore.AsyncNetworkStream):
    """Reads up to 8 KiB until the head of an answer is complete, then what `read_body` allows.

    Each request starts again. The limit of httpcore, 100 KiB, is a constant of its connection.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MOST_HEAD_BYTES

    def read_body(self) -> None:
        """Allow to read 1 KiB more."""
        self._left = MOST_BODY_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes; raise `AnswerTooLong` when there may be no more."""
        if self._left <= 0:
            raise AnswerTooLong
        found = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(found)
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a part of a request."""
        self._left = MOST_HEAD_BYTES
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return the encrypted connection, bounded like this one."""
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)
