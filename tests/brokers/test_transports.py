"""Which transport a URL gets, and what it tells its client library."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import AMQPConnectionError, ProbableAuthenticationError
from nats.errors import AuthorizationError, NoServersError

from tests.brokers.test_parts import message
from tollbook.brokers import kafka
from tollbook.brokers.address import parse_address
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_letters import letter_of_error, packed
from tollbook.brokers.kafka import KafkaTransport
from tollbook.brokers.nats import NatsTransport
from tollbook.brokers.rabbitmq import RabbitTransport
from tollbook.brokers.transport import ConnectionLost, StreamRefused, Transport
from tollbook.brokers.transports import transport_of
from tollbook.domain.errors import InvalidRequest, UnreadableBody

NOBODY = Credentials()
SOMEBODY = Credentials("ann", "p/w@")


def transport(url: str, credentials: Credentials = NOBODY, **options: Any) -> Transport:
    return transport_of(parse_address(url), credentials, "group", "dead", 10, **options)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("nats://a/USAGE", NatsTransport),
        ("tls://a/USAGE", NatsTransport),
        ("amqp://a/?queue=usage", RabbitTransport),
        ("kafkas://a/usage", KafkaTransport),
    ],
)
def test_each_broker_has_its_transport(url: str, kind: type) -> None:
    assert type(transport(url)) is kind


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("nats://a/USAGE", "nats", "tollbook[nats]"),
        ("amqp://a/?queue=usage", "aio_pika", "tollbook[amqp]"),
        ("kafka://a/usage", "confluent_kafka", "tollbook[kafka]"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidRequest) as refused:
        transport(url)
    assert f"pip install '{extra}'" in refused.value.sentence


@pytest.mark.parametrize("url", ["nats://a/dead", "amqp://a/v?queue=dead", "kafka://a/dead"])
def test_dead_letters_do_not_go_to_the_source(url: str) -> None:
    with pytest.raises(InvalidRequest, match="must not be the source"):
        transport(url)


def test_files_of_tls_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    for credentials in (Credentials(ca=missing), Credentials(cert=missing, cert_key=missing)):
        with pytest.raises(InvalidRequest, match="TLS files cannot be read: No such file"):
            credentials.context()


def test_certificates_are_always_checked_and_passwords_never_shown() -> None:
    context = NOBODY.context()
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert "p/w@" not in repr(SOMEBODY)


class Refused:
    """A client library that refuses to connect, and keeps what it was called with."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = [*errors]
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    async def connect(self, *arguments: Any, **options: Any) -> None:
        self.calls.append((arguments, options))
        raise self._errors.pop(0)


def connect(made: Transport) -> None:
    asyncio.run(made.connect(create=False))


@pytest.mark.parametrize(
    ("url", "credentials", "expected"),
    [
        ("amqp://a?queue=q", NOBODY, "amqp://guest:guest@a:5672/?heartbeat=20"),
        ("amqp://a:1/v%2Fh?queue=q", SOMEBODY, "amqp://ann:p%2Fw%40@a:1/v/h?heartbeat=20"),
        ("amqps://[::1]/v?queue=q", NOBODY, "amqps://guest:guest@[::1]:5671/v?heartbeat=20"),
    ],
)
def test_the_url_of_a_rabbitmq_has_user_virtual_host_and_heartbeat(
    monkeypatch: pytest.MonkeyPatch, url: str, credentials: Credentials, expected: str
) -> None:
    client = Refused(AMQPConnectionError())
    monkeypatch.setattr(aio_pika, "connect", client.connect)
    with pytest.raises(ConnectionLost, match="AMQPConnectionError"):
        connect(transport(url, credentials))
    ((target,), options) = client.calls[0]
    assert str(target) == expected
    assert (options["ssl_context"] is None) == url.startswith("amqp:")


def test_the_hosts_of_a_rabbitmq_are_tried_in_turn_until_one_refuses_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Refused(OSError(), TimeoutError(), ProbableAuthenticationError())
    monkeypatch.setattr(aio_pika, "connect", client.connect)
    with pytest.raises(StreamRefused, match="user or the password"):
        connect(transport("amqp://a,b,c,d?queue=q"))
    assert [it[0][0].host for it in client.calls] == ["a", "b", "c"]


def test_a_rabbitmq_that_is_away_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Refused(OSError("ann:p/w@"), OSError("ann:p/w@"))
    monkeypatch.setattr(aio_pika, "connect", client.connect)
    with pytest.raises(ConnectionLost) as lost:
        connect(transport("amqp://a,b?queue=q", SOMEBODY))
    assert str(lost.value) == "amqp://a:5672,b:5672/q: OSError"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AuthorizationError(), StreamRefused),
        (NoServersError(), ConnectionLost),
        (OSError("'Authorization Violation'"), StreamRefused),
        (OSError("connection refused"), ConnectionLost),
        (TimeoutError(), ConnectionLost),
    ],
)
def test_a_nats_that_refuses_the_user_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    client = Refused(error)
    monkeypatch.setattr("nats.connect", client.connect)
    with pytest.raises(kind):
        connect(transport("nats://a,b:1/USAGE", SOMEBODY))
    _, options = client.calls[0]
    assert options["servers"] == ["nats://a:4222", "nats://b:1"]
    assert (options["user"], options["password"]) == ("ann", "p/w@")
    assert options["allow_reconnect"] is False  # everything is checked again instead
    assert "tls" not in options


def test_a_nats_gets_a_file_of_credentials_and_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Refused(OSError())
    monkeypatch.setattr("nats.connect", client.connect)
    with pytest.raises(ConnectionLost):
        connect(transport("tls://a/USAGE", Credentials(file="/run/nats.creds")))
    _, options = client.calls[0]
    assert (options["servers"], options["user_credentials"]) == (
        ["tls://a:4222"],
        "/run/nats.creds",
    )
    assert options["tls"].check_hostname
    assert "user" not in options


SASL = {"sasl.mechanism": "PLAIN", "sasl.username": "ann", "sasl.password": "p/w@"}


@pytest.mark.parametrize(
    ("url", "credentials", "security"),
    [
        ("kafka://a:1,b/t", NOBODY, {}),
        ("kafka://a:1,b/t", SOMEBODY, {"security.protocol": "SASL_PLAINTEXT", **SASL}),
        ("kafkas://a:1,b:9092/t", NOBODY, {"security.protocol": "SSL"}),
        (
            "kafkas://a:1,b:9092/t",
            Credentials("ann", "p/w@", ca="ca.pem", cert="c.pem", cert_key="k.pem"),
            {
                "security.protocol": "SASL_SSL",
                **SASL,
                "ssl.ca.location": "ca.pem",
                "ssl.certificate.location": "c.pem",
                "ssl.key.location": "k.pem",
            },
        ),
    ],
)
def test_the_settings_of_a_kafka(
    monkeypatch: pytest.MonkeyPatch, url: str, credentials: Credentials, security: dict[str, str]
) -> None:
    given: list[dict[str, Any]] = []

    class Client:
        """A producer without topics."""

        def __init__(self, settings: dict[str, Any]) -> None:
            given.append(settings)
            self.topics: dict[str, Any] = {}

        def list_topics(self, timeout: float) -> "Client":
            return self

    monkeypatch.setattr(kafka, "Producer", Client)
    with pytest.raises(StreamRefused) as refused:
        connect(transport(url, credentials))
    assert "kafka-topics --create --topic t --bootstrap-server a:1" in str(refused.value)
    settings = given[0]
    assert settings["bootstrap.servers"] == "a:1,b:9092"
    assert settings["enable.idempotence"] is True
    found = {it: value for it, value in settings.items() if it.startswith(("s", "ss"))}
    assert found == security


class Record:
    """A record of Kafka with headers."""

    def __init__(self, headers: list[tuple[str, bytes | None]] | None) -> None:
        self._headers = headers

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._headers


def test_headers_of_a_record_stay_with_its_dead_letter_once() -> None:
    headers = [("trace", b"a"), ("Tollbook-code", b"old"), ("Content-Encoding", b"x"), ("n", None)]
    letter = letter_of_error(message(handle=(None, Record(headers))), UnreadableBody("broken"))
    reasons = [(name, value.encode()) for name, value in letter.reasons.items()]
    plain = [("trace", b"a"), ("Content-Encoding", b"x"), ("n", None)]
    assert kafka._dead_headers(letter) == [*plain, *reasons]
    kept = [("trace", b"a"), ("n", None), ("content-encoding", b"gzip")]
    assert kafka._dead_headers(packed(letter)) == [*kept, *reasons]
    bare = letter_of_error(message(handle=(None, Record(None))), UnreadableBody("broken"))
    assert [it for it, _ in kafka._dead_headers(bare)] == list(bare.reasons)
