"""tollbook consume, with a broker in memory: what it needs to start, and what it passes on."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.memory import MemoryBroker
from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tollbook.brokers.transport import StreamRefused
from tollbook.cli import consume
from tollbook.domain.keys import Permission
from tollbook.store.database import open_database

URL = "nats://a/USAGE"
EMPTY = "--stop-when-empty"


class Broker:
    """Stands in for every broker, and keeps what a transport was asked for."""

    def __init__(self) -> None:
        self.memory = MemoryBroker()
        self.given: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}

    def transport_of(self, *given: Any, **options: Any) -> MemoryBroker:
        self.given, self.options = given, options
        return self.memory


@pytest.fixture
def platform(sqlite_url: str) -> Platform:
    platform = Platform(open_database(sqlite_url))
    platform.organization()
    return platform


@pytest.fixture
def broker(
    monkeypatch: pytest.MonkeyPatch, tollbook: Tollbook, platform: Platform, tmp_path: Path
) -> Broker:
    broker = Broker()
    monkeypatch.setattr(consume, "transport_of", broker.transport_of)
    monkeypatch.setattr(consume, "configure_logging", lambda _: None)
    monkeypatch.setattr(consume, "collect_rarely", lambda: None)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("TOLLBOOK_API_KEY", platform.key(Permission.WRITE_EVENTS))
    return broker


def test_a_queue_is_stored_to_its_end(
    tollbook: Tollbook, broker: Broker, platform: Platform
) -> None:
    bodies = [json.dumps(event(id=f"m{it}")).encode() for it in range(3)]
    broker.memory = MemoryBroker(*bodies, b"{broken")
    assert tollbook("consume", URL, EMPTY, "--create").code == 0
    assert broker.memory.calls[0] == "connect create"
    assert [it[0] for it in platform.rows("SELECT id FROM events ORDER BY id")] == [
        "m0",
        "m1",
        "m2",
    ]
    (letter,) = broker.memory.dead
    assert letter.reasons["tollbook-code"] == "unreadable_body"
    assert len(broker.memory.settled) == 4


def test_an_address_and_options_become_a_transport(tollbook: Tollbook, broker: Broker) -> None:
    tollbook("consume", URL, EMPTY)
    address, credentials, group, dead_letter, prefetch = broker.given
    assert (address.hosts, address.name, group) == (("a:4222",), "USAGE", "tollbook")
    assert (dead_letter, broker.options) == ("USAGE.dead", {})
    assert (credentials.user, credentials.password, credentials.file) == ("", "", "")
    given = ("--group", "g", "--dead-letter", "d", "--prefetch", "7", "--accept-gap")
    tollbook("consume", "kafka://b/t", EMPTY, *given)
    assert (broker.given[2:], broker.options) == (("g", "d", 7), {"accept_gap": True})
    assert prefetch > 7


def test_credentials_are_settings_that_go_over_the_url_of_a_setting(
    tollbook: Tollbook, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_BROKER_URL", "amqp://ann:secret@a/?queue=q")
    assert tollbook("consume", EMPTY).code == 0
    assert (broker.given[1].user, broker.given[1].password) == ("ann", "secret")
    monkeypatch.setenv("TOLLBOOK_BROKER_USER", "bob")
    monkeypatch.setenv("TOLLBOOK_BROKER_PASSWORD", "other")
    tollbook("consume", EMPTY, "--ca", "ca.pem", "--cert", "c.pem", "--cert-key", "k.pem")
    found = broker.given[1]
    assert (found.user, found.password) == ("bob", "other")
    assert (found.ca, found.cert, found.cert_key) == ("ca.pem", "c.pem", "k.pem")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name a broker's URL, or set TOLLBOOK_BROKER_URL"),
        (("http://a/b",), "a broker's URL must be nats://HOST/STREAM"),
        (("nats://ann:secret@a/S",), "set TOLLBOOK_BROKER_PASSWORD"),
        ((URL, "--metrics", "9105"), "--metrics must be HOST:PORT, such as 127.0.0.1:9105"),
        ((URL, "--metrics", ":9105"), "--metrics must be HOST:PORT"),
        ((URL, "--metrics", "a:65536"), "--metrics must be HOST:PORT"),
        ((URL, "--metrics", "a:x"), "--metrics must be HOST:PORT"),
        ((URL, "--organization", "org_1"), "--organization needs --mapping"),
    ],
)
def test_what_does_not_fit_does_not_start(
    tollbook: Tollbook, broker: Broker, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = tollbook("consume", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert "secret" not in ran.err
    assert broker.memory.calls == []


@pytest.mark.parametrize("key", ["tb_000000000000_x", "nonsense", "é"])
def test_a_wrong_key_has_an_exit_code_of_its_own(
    tollbook: Tollbook, broker: Broker, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TOLLBOOK_API_KEY", key)
    ran = tollbook("consume", URL)
    assert ran.code == 3
    assert "TOLLBOOK_API_KEY" in ran.err
    assert broker.memory.calls == []


def test_a_key_needs_its_secret_and_its_permission(
    tollbook: Tollbook, broker: Broker, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_API_KEY", platform.key(Permission.READ_ANALYTICS))
    ran = tollbook("consume", URL)
    assert (ran.code, "lacks the permission events:write" in ran.err) == (2, True)
    monkeypatch.setenv("TOLLBOOK_API_KEY", "")
    ran = tollbook("consume", URL)
    assert (ran.code, "must have the API key" in ran.err) == (2, True)
    one, other = (platform.key(Permission.WRITE_EVENTS) for _ in range(2))
    mixed = one.rpartition("_")[0] + "_" + other.rpartition("_")[2]
    monkeypatch.setenv("TOLLBOOK_API_KEY", mixed)
    assert tollbook("consume", URL).code == 3


def test_a_stream_that_is_refused_is_a_sentence(tollbook: Tollbook, broker: Broker) -> None:
    broker.memory.failures["connect"] = [StreamRefused("there is no stream USAGE")]
    ran = tollbook("consume", URL, "--metrics", "127.0.0.1:0")
    assert (ran.code, ran.err) == (2, "tollbook: there is no stream USAGE\n")


def test_a_signal_stops_it_and_a_second_one_ends_it_at_once(
    tollbook: Tollbook, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: list[Any] = []
    codes: list[int] = []
    monkeypatch.setattr(
        asyncio.SelectorEventLoop,
        "add_signal_handler",
        lambda _loop, _number, stop: handlers.append(stop),
    )
    monkeypatch.setattr("tollbook.cli.consume.os._exit", codes.append)

    def stop_twice(call: str) -> None:
        if call == "connect":
            handlers[0]()
            assert codes == []
            handlers[1]()

    broker.memory.when = stop_twice
    assert tollbook("consume", URL).code == 0
    assert codes == [1]
    assert broker.memory.calls[-1] == "close"
