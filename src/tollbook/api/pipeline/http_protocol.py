"""HTTP with limits that its parser lacks, and with errors in the API's form."""

import asyncio
import secrets
import sys
from collections.abc import Hashable
from http import HTTPStatus
from typing import ClassVar

import httptools

from tollbook.api.operation.refusals import Refusals
from tollbook.api.pipeline.connections import (
    BODY_TIMEOUT,
    LEAST_RATE,
    ConnectionLimits,
    Connections,
)
from tollbook.api.pipeline.direct_protocol import DirectHandler, DirectHttpProtocol
from tollbook.api.pipeline.request_ids import REQUEST_ID
from tollbook.api.pipeline.request_log import KEY, REFUSAL
from tollbook.api.pipeline.responses import error_response
from tollbook.api.pipeline.security_headers import HEADERS
from tollbook.domain.errors import TollbookError, UnreadableRequest
from tollbook.domain.keys import ApiKey
from tollbook.domain.limit_errors import HeadTooLarge, RequestTimeout

MOST_HEAD_BYTES = 64 * 1024
_SECONDS_TO_READ = 1.0
"""How long a refused client has to read the error; further input is ignored."""
_TOO_LARGE = HeadTooLarge(f"a head must have at most {MOST_HEAD_BYTES} bytes")
_UNREADABLE = UnreadableRequest("this is no request of HTTP/1.1")
_UPGRADE_WITH_BODY = UnreadableRequest("a request with Upgrade must not have a body")
_HEAD_LATE = RequestTimeout("the request line and headers must arrive sooner")
_BODY_LATE = RequestTimeout(
    f"a body must arrive without long pauses, at {LEAST_RATE} bytes a second or more"
)


class BoundedHttpProtocol(DirectHttpProtocol):
    """A connection of any client, with a key or without.

    The parser keeps a head, a trailer or a chunk's extension of any length. This class limits the
    bytes of a request's URL and headers, and the bytes since the last complete head or piece of a
    body. Its `guard` limits the silence of its client, and what the client does not read.
    """

    guard: ClassVar[Connections] = Connections(ConnectionLimits(), Refusals(lambda _kind: None))
    """The connections of the server; `within` returns a protocol that has others."""
    _came = 0
    _head = 0
    _went_on = False
    _refused = False
    _in_head = False
    _in_body = False
    _is_upgrade_with_body = False
    _is_upload = False
    _data = b""

    @classmethod
    def within(
        cls, connections: Connections, direct: DirectHandler | None = None
    ) -> "type[BoundedHttpProtocol]":
        """Return this protocol for a server with these connections, and its direct handler."""
        return type(cls.__name__, (cls,), {"guard": connections, "direct": direct})

    @property
    def tenant(self) -> Hashable:
        """Return the tenant of the latest request, None without a key."""
        key = self.scope.get(KEY) if self.scope else None
        return key.scope.tenant_id if isinstance(key, ApiKey) else None

    @property
    def is_upload_expected(self) -> bool:
        """Return whether the client can send more of a body: the server reads, and has said so."""
        return not (self.flow.read_paused or self.cycle.waiting_for_100_continue)

    @property
    def unread_bytes(self) -> int:
        """Return how many bytes wait for the client."""
        return self.transport.get_write_buffer_size()

    def refuse(self, kind: str) -> None:
        """Stop waiting for a head or a body; a client that has sent nothing gets no response."""
        if self.transport.is_closing():
            return
        if kind == BODY_TIMEOUT:
            self._refuse(_BODY_LATE, kind)
        elif self._in_head or self._in_body or self._came:
            self._refuse(_HEAD_LATE, kind)
        else:
            self.guard.refusals.note(kind)
            self.transport.close()

    def abort(self) -> None:
        """Close at once, and drop what is unread."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Add a connection."""
        super().connection_made(transport)
        self.guard.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove a connection."""
        self.start_held()
        self.guard.closed(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client does not read fast enough."""
        super().pause_writing()
        self.guard.paused(self)

    def resume_writing(self) -> None:
        """Note that the client has read nearly everything."""
        super().resume_writing()
        self.guard.resumed(self)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there already."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.guard.wait(self)

    def on_message_begin(self) -> None:
        """Start the count of a head."""
        self._head = 0
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a URL, or a part of one."""
        self._head += len(url)
        if self._head > MOST_HEAD_BYTES:
            raise ValueError(self._head)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._head += len(name) + len(value) + 4
        if self._head > MOST_HEAD_BYTES:
            raise ValueError(self._head)  # the parser stops, and reports invalid HTTP
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note a complete head."""
        self._went_on = True
        self._in_head = False
        if self.parser.should_upgrade() and self._has_body():
            self._is_upgrade_with_body = True
            raise ValueError  # the parser would read the body as the next request
        self.guard.requested(self)
        super().on_headers_complete()
        self._in_body = True

    def _has_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def on_body(self, body: bytes) -> None:
        """Note a piece of a body."""
        self._went_on = True
        if self._is_upload:
            self.guard.moved(self, len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note a complete request."""
        self._went_on = True
        self._in_body = False
        if self._is_upload:
            self._is_upload = False
            self.guard.uploaded(self)
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and refuse the connection when they exceed the limits."""
        if self._refused:
            return
        self._went_on = False
        self._data = data
        super().data_received(data)
        self._data = b""
        self._came = 0 if self._went_on else self._came + len(data)
        if self._in_body and not self._is_upload:
            self._is_upload = True
            self.guard.uploading(self)
        if self._came > MOST_HEAD_BYTES and not (self._refused or self.transport.is_closing()):
            self._refuse(_TOO_LARGE, _TOO_LARGE.code)

    def _unsupported_upgrade_warning(self) -> None:
        """Go on with HTTP/1.1 after a request to upgrade: parse what came after it."""
        error = sys.exc_info()[1]
        assert isinstance(error, httptools.HttpParserUpgrade)  # noqa: S101  uvicorn caught it
        if rest := self._data[error.args[0] :]:
            super().data_received(rest)

    def send_400_response(self, msg: str) -> None:
        """Respond to invalid HTTP with an error in the API's form, not with `msg`."""
        del msg
        error: TollbookError = _UNREADABLE
        if self._head > MOST_HEAD_BYTES:
            error = _TOO_LARGE
        elif self._is_upgrade_with_body:
            error = _UPGRADE_WITH_BODY
        self._refuse(error, error.code)

    def _refuse(self, error: TollbookError, kind: str) -> None:
        """Respond and close; an earlier request in the pipeline gets its own response first."""
        self._refused = True
        identity = secrets.token_hex(8)
        token = REQUEST_ID.set(identity)
        self.guard.refusals.note(kind)
        response = error_response(error)
        REQUEST_ID.reset(token)
        cycle = self.cycle
        if self._in_body and cycle is not None:
            self.start_held()
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
            cycle.scope[REFUSAL] = error  # type: ignore[literal-required]
            cycle.disconnected, cycle.waiting_for_100_continue = True, False
            cycle.message_event.set()
        elif cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False  # that request is whole: it is answered, and then this ends
            return
        head = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode()]
        last = [(b"x-request-id", identity.encode()), (b"connection", b"close")]
        named = [*response.raw_headers, *HEADERS, *last]
        lines = b"\r\n".join(head + [b"%b: %b" % it for it in named])
        self.transport.write(lines + b"\r\n\r\n" + bytes(response.body))
        self._hang_up()

    def _hang_up(self) -> None:
        """Close once the client has had time to read: closing while it sends is a reset."""
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(_SECONDS_TO_READ, self.transport.close)
