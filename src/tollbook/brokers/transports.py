"""Choose the transport of a broker; each needs a client library of its own."""

from importlib import import_module
from typing import Any, NamedTuple

from tollbook.brokers.address import BrokerAddress
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.transport import Transport
from tollbook.domain.errors import InvalidRequest


class _Kind(NamedTuple):
    """The module and class of a transport, and the extra that installs its client."""

    module: str
    name: str
    client: str


_KINDS = {
    "nats": _Kind("tollbook.brokers.nats", "NatsTransport", "nats"),
    "amqp": _Kind("tollbook.brokers.rabbitmq", "RabbitTransport", "aio_pika"),
    "kafka": _Kind("tollbook.brokers.kafka", "KafkaTransport", "confluent_kafka"),
}


def transport_of(
    address: BrokerAddress,
    credentials: Credentials,
    group: str,
    dead_letter: str,
    prefetch: int,
    **options: Any,
) -> Transport:
    """Return the transport of an address; raise `InvalidRequest` without its client library."""
    if dead_letter == address.name:
        raise InvalidRequest("--dead-letter must not be the source: it would be read again")
    kind = _KINDS[address.kind]
    try:
        import_module(kind.client)
    except ImportError as error:
        extra = f"pip install 'tollbook[{address.kind}]'"
        raise InvalidRequest(
            f"{address.kind} needs a package that is not installed: {extra}"
        ) from error
    transport = getattr(import_module(kind.module), kind.name)
    made: Transport = transport(address, credentials, group, dead_letter, prefetch, **options)
    return made
