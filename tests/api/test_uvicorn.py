"""The parts of uvicorn that Tollbook overrides or reads are as it relies on them."""

import asyncio
import inspect
from collections.abc import Callable

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tollbook.api.pipeline.http_protocol import BoundedHttpProtocol

OVERRIDDEN = {
    "connection_made": ("self", "transport"),
    "connection_lost": ("self", "exc"),
    "pause_writing": ("self",),
    "resume_writing": ("self",),
    "on_response_complete": ("self",),
    "_unsupported_upgrade_warning": ("self",),
    "on_message_begin": ("self",),
    "on_url": ("self", "url"),
    "on_header": ("self", "name", "value"),
    "on_headers_complete": ("self",),
    "on_body": ("self", "body"),
    "on_message_complete": ("self",),
    "data_received": ("self", "data"),
    "send_400_response": ("self", "msg"),
}


def parameters(function: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_a_method_that_the_protocol_overrides_is_called_the_same_way(name: str) -> None:
    for protocol in (HttpToolsProtocol, BoundedHttpProtocol):
        assert parameters(vars(protocol)[name]) == OVERRIDDEN[name]


def test_the_protocol_overrides_nothing_else() -> None:
    own = {name for name in vars(BoundedHttpProtocol) if name in dir(HttpToolsProtocol)}
    assert {name for name in own if not name.startswith("__")} == set(OVERRIDDEN)


def test_the_server_calls_and_has_what_listening_overrides() -> None:
    assert parameters(uvicorn.Server.startup) == ("self", "sockets")
    assert {"started", "should_exit"} <= set(vars(uvicorn.Server(uvicorn.Config(_nothing))))


async def _nothing(scope: object, receive: object, send: object) -> None:
    """Answer nothing."""


def test_a_connection_has_what_a_refusal_reads() -> None:
    async def attributes() -> set[str]:
        config = uvicorn.Config(_nothing)
        config.load()
        return set(vars(BoundedHttpProtocol(config, ServerState(), {})))

    assert {"cycle", "pipeline", "transport", "flow", "loop", "scope"} <= asyncio.run(attributes())
    assert callable(FlowControl.resume_reading)
    assert "self.read_paused" in inspect.getsource(FlowControl.__init__)


def test_a_cycle_has_what_a_refusal_changes() -> None:
    source = inspect.getsource(RequestResponseCycle.__init__)
    for name in (
        *("response_started", "response_complete", "disconnected", "waiting_for_100_continue"),
        *("message_event", "keep_alive", "scope"),
    ):
        assert f"self.{name}" in source, name


def test_an_upgrade_that_is_not_supported_is_reported_while_its_error_is_handled() -> None:
    source = inspect.getsource(HttpToolsProtocol.data_received)
    assert "self._unsupported_upgrade_warning()" in source.partition("HttpParserUpgrade:")[2]


def test_a_request_that_cannot_be_parsed_is_refused_with_400() -> None:
    assert "self.send_400_response(" in inspect.getsource(HttpToolsProtocol.data_received)
