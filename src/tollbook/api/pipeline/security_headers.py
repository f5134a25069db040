"""Add a request id and security headers to every response."""

import re
import secrets
import time
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tollbook.api.pipeline.request_ids import REQUEST_ID
from tollbook.api.pipeline.request_log import RequestLog

Header = tuple[bytes, bytes]

_ID_HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
_POLICY = b"content-security-policy"
_CACHING = b"cache-control"
HEADERS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (_CACHING, b"no-store"),
]
"""The defaults. A page sets what it may load, an answer how long it may be cached. Any other
response may contain a secret and is not cached. A default that a response sets to nothing is left
out."""


_DEFAULTS = frozenset(name for name, _ in HEADERS)


class SecurityHeadersMiddleware:
    """Adds headers to every response, gives each request an id, and logs it."""

    def __init__(self, app: ASGIApp, log: RequestLog, hsts_seconds: int = 0) -> None:
        self._app = app
        self._log = log
        self._process = secrets.token_hex(4)
        self._requests = count(1)
        self._headers = list(HEADERS)
        if hsts_seconds:
            value = f"max-age={hsts_seconds}; includeSubDomains".encode()
            self._headers.append((b"strict-transport-security", value))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = self.identify(scope["headers"])
        REQUEST_ID.set(identity.decode())
        start, status = time.perf_counter(), None

        async def send_hardened(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self.hardened(message["headers"], identity)
            await send(message)

        try:
            await self._app(scope, receive, send_hardened)
        finally:
            self._log.note(scope, identity, status, start)

    def identify(self, headers: list[Header]) -> bytes:
        """Return the id of a request: the client's, if it has a safe one."""
        return _id_of(headers) or self._new_id()

    def _new_id(self) -> bytes:
        """Return the next id of this process.

        Random bytes of the system would release the interpreter's lock. Waiting for the lock
        while the writer has it takes longer than everything else here.
        """
        return f"{self._process}{next(self._requests) & 0xFFFFFFFF:08x}".encode()

    def hardened(self, given: list[Header], identity: bytes) -> list[Header]:
        """Return the headers of a response with those that every response has."""
        said = {name for name, _ in given}
        others = [it for it in self._headers if it[0] not in said]
        return [
            *(it for it in given if it[1] or it[0] not in _DEFAULTS),
            *others,
            (_ID_HEADER, identity),
        ]


def _id_of(headers: list[Header]) -> bytes | None:
    """Return the client's id for the request if it is safe for logs and headers."""
    for name, value in headers:
        if name == _ID_HEADER and _SANE.fullmatch(value):
            return value
    return None
