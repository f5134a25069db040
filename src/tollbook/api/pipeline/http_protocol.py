"""HTTP with limits that its parser lacks, and with errors in the API's form."""

import secrets
from http import HTTPStatus

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tollbook.api.pipeline.request_ids import REQUEST_ID
from tollbook.api.pipeline.responses import error_response
from tollbook.api.pipeline.security_headers import HEADERS
from tollbook.domain.errors import HeadTooLarge, TollbookError, UnreadableRequest

MOST_HEAD_BYTES = 64 * 1024
_SECONDS_TO_READ = 1.0
"""How long a refused client has to read the error; further input is ignored."""
_TOO_LARGE = HeadTooLarge(f"a head must have at most {MOST_HEAD_BYTES} bytes")
_log = structlog.get_logger()


class BoundedHttpProtocol(HttpToolsProtocol):
    """A connection of any client, with a key or without.

    The parser keeps a head, a trailer or a chunk's extension of any length. This class limits the
    bytes of a request's URL and headers, and the bytes since the last complete head or piece of a
    body.
    """

    _came = 0
    _head = 0
    _went_on = False
    _refused = False
    _in_body = False

    def on_message_begin(self) -> None:
        """Start the count of a head."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a URL, or a part of one."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _count(self, length: int) -> None:
        self._head += length
        if self._head > MOST_HEAD_BYTES:
            raise ValueError(self._head)  # the parser stops, and reports invalid HTTP

    def on_headers_complete(self) -> None:
        """Note a complete head."""
        self._went_on = True
        super().on_headers_complete()
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """Note a piece of a body."""
        self._went_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note a complete request."""
        self._went_on = True
        self._in_body = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and refuse the connection when they exceed the limits."""
        if self._refused:
            return
        self._went_on = False
        super().data_received(data)
        self._came = 0 if self._went_on else self._came + len(data)
        if self._came > MOST_HEAD_BYTES and not (self._refused or self.transport.is_closing()):
            self._refuse(_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """Respond to invalid HTTP with an error in the API's form, not with `msg`."""
        del msg
        unreadable = UnreadableRequest("this is no request of HTTP/1.1")
        self._refuse(_TOO_LARGE if self._head > MOST_HEAD_BYTES else unreadable)

    def _refuse(self, error: TollbookError) -> None:
        """Respond and close; an earlier request in the pipeline gets its own response first."""
        self._refused = True
        identity = secrets.token_hex(8)
        token = REQUEST_ID.set(identity)
        _log.warning("request_refused", code=error.code)
        response = error_response(error)
        REQUEST_ID.reset(token)
        cycle = self.cycle
        if self._in_body and cycle is not None:
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
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
