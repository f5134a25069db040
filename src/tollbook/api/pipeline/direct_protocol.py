"""Requests that the protocol answers itself, without a task and an application for each."""

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, Protocol

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)


def lines_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as lines."""
    return b"".join([b"%b: %b\r\n" % it for it in headers])


class DirectRequest:
    """A request whose body is complete; it is answered here, or handed to the application."""

    __slots__ = ("_app", "_cycle", "_protocol")

    def __init__(
        self, protocol: "DirectHttpProtocol", cycle: RequestResponseCycle, app: ASGI3Application
    ) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._app = app

    @property
    def scope(self) -> Scope:
        """Return the scope that the application would get."""
        return self._cycle.scope  # type: ignore[return-value]

    @property
    def body(self) -> bytes:
        """Return the whole body."""
        return bytes(self._cycle.body)

    def hand_over(self) -> None:
        """Let the application answer; it gets the request as if nothing had happened."""
        self._protocol.start(self._cycle, self._app)

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """Send a response with these lines of headers, unless the client has disconnected."""
        cycle = self._cycle
        if cycle.disconnected or cycle.transport.is_closing():
            return
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        first = STATUS_LINE[status] + lines_of(cycle.default_headers)
        cycle.response_started = True
        cycle.transport.write(b"".join((first, headers, end, body)))
        cycle.response_complete = True
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def abort(self) -> None:
        """Close the connection without a response."""
        self._cycle.transport.abort()


class DirectHandler(Protocol):
    """A handler that answers some requests directly, on the event loop."""

    def admit(self, scope: Scope) -> Any | None:
        """Return what `handle` needs from the head; None if the application must answer."""
        ...

    def handle(self, request: DirectRequest, admitted: Any) -> None:
        """Answer a request, or hand it over to the application; now or later."""
        ...


class _Held(NamedTuple):
    """A request whose body is not complete, with what the handler needs from its head."""

    cycle: RequestResponseCycle
    app: ASGI3Application
    admitted: Any


class DirectHttpProtocol(HttpToolsProtocol):
    """HTTP that offers each request to a handler first, once its body is complete."""

    direct: ClassVar[DirectHandler | None] = None
    _held: _Held | None = None

    def start(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Let the application answer."""
        super()._start_asgi_task(cycle, app)

    def start_held(self) -> None:
        """Let the application answer the request whose body is not complete, if there is one."""
        if self._held:
            held, self._held = self._held, None
            self.start(held.cycle, held.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        scope: Any = cycle.scope
        plain = cycle.keep_alive and not (cycle.waiting_for_100_continue or self.flow.write_paused)
        admitted = self.direct.admit(scope) if self.direct and plain else None
        if admitted is None:
            self.start(cycle, app)
            return
        self._held = _Held(cycle, app, admitted)
        if not cycle.more_body:  # it arrived while an earlier request was answered
            self._offer()

    def on_message_complete(self) -> None:
        """Offer a complete request, unless it waits for an earlier one."""
        super().on_message_complete()
        if self._held and not self._held.cycle.more_body:
            self._offer()

    def _offer(self) -> None:
        held, self._held = self._held, None
        assert self.direct and held  # noqa: S101, PT018  the callers have seen them
        self.direct.handle(DirectRequest(self, held.cycle, held.app), held.admitted)
