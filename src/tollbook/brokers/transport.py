"""What a message broker must do for a consumer: one small protocol, and its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tollbook.ingest.cloud_attributes import Header


class BrokerError(Exception):
    """The root of the errors of brokers; the message names no password."""


class ConnectionLost(BrokerError):
    """The broker cannot be reached now; the consumer connects again."""


class StreamRefused(BrokerError):
    """A stream, queue or topic is missing or unsuitable; the message has the command that helps."""


class GapFound(BrokerError):
    """Messages that were not read yet are no longer stored by the broker."""


class DeadLetterFailed(BrokerError):
    """A dead letter was not confirmed; its message stays unacknowledged."""


class DeadLetterTooLarge(DeadLetterFailed):
    """A dead letter is larger than the broker allows."""


@dataclass(frozen=True, eq=False)
class Message:
    """A message as the broker delivered it.

    `source` names it for people, such as `nats:USAGE:1234`. `attributes` are the headers that may
    be those of a CloudEvent. `headers` are all of its headers, and `handle` is the transport's own.
    """

    source: str
    body: bytes
    content_type: str | None
    content_encoding: str | None
    attributes: Sequence[Header]
    headers: Mapping[str, Any]
    handle: Any = field(repr=False)
    is_redelivered: bool = False


@dataclass(frozen=True)
class DeadLetter:
    """A message that was not accepted, with headers that state why, in ASCII on one line each."""

    message: Message
    reasons: Mapping[str, str]
    body: bytes
    is_packed: bool = False


class Transport(Protocol):
    """A connection to one stream, queue or topic, and to the place of its dead letters."""

    hold_seconds: float
    """How often messages must be held that are not acknowledged yet."""

    async def connect(self, create: bool) -> None:
        """Connect, and check source, dead letters and rights.

        With `create`, create what is missing, but never the source. Raise `StreamRefused` for what
        is missing or unsuitable, and `ConnectionLost` when the broker cannot be reached.
        """

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Return up to `most` messages, none when none came within `seconds`."""

    async def hold(self, messages: Sequence[Message]) -> None:
        """Keep the broker from delivering messages again while they are worked on."""

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Settle messages; those of a closed connection are dropped, as they come again."""

    async def release(self, messages: Sequence[Message]) -> None:
        """Return messages to the broker, to be delivered again."""

    async def send_dead(self, letter: DeadLetter) -> None:
        """Publish a dead letter and wait for the broker's confirmation."""

    async def lag(self) -> int | None:
        """Return how many messages are not settled yet; None when it is not known."""

    async def close(self) -> None:
        """Close the connection; messages that are not acknowledged come again."""
