"""RabbitMQ: a queue, acknowledged message by message, and a queue for dead letters."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    ProbableAuthenticationError,
)
from yarl import URL

from tollbook.brokers.address import BrokerAddress
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_letters import PREFIX
from tollbook.brokers.transport import (
    ConnectionLost,
    DeadLetter,
    DeadLetterFailed,
    DeadLetterTooLarge,
    Message,
    StreamRefused,
)
from tollbook.ingest.cloud_attributes import Header

_log = structlog.get_logger()
_TIMEOUT = 10.0
_PREFIXES = ("ce-", "cloudEvents_", "cloudEvents:")
_OF_BROKER = ("x-delivery-count", "x-acquired-count")
_MOST_DELIVERIES = 10
"""From this number on a warning is logged: a queue may drop a message at its delivery limit."""
_AUTHENTICATION = (AuthenticationError, ProbableAuthenticationError)
_PROPERTIES = ("message_id", "correlation_id", "type", "app_id", "reply_to", "timestamp")


class RabbitTransport:
    """A queue of RabbitMQ, and the queue of its dead letters."""

    hold_seconds = 60.0

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials,
        group: str,  # noqa: ARG002  a queue has no groups
        dead_letter: str,
        prefetch: int,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._dead_letter = dead_letter
        self._prefetch = prefetch
        self._connection: Any = None
        self._channel: Any = None
        self._dead_channel: Any = None
        self._arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._is_lost = True

    async def connect(self, create: bool) -> None:
        """Connect, check both queues, and begin to receive."""
        self._connection = await self._connected()
        with translated_errors():
            await self._require_queue(self._address.name, create=False)
            await self._require_queue(self._dead_letter, create)
            self._dead_channel = None
            self._channel = await self._connection.channel()
            await self._channel.set_qos(prefetch_count=self._prefetch)
            arrived = self._arrived = asyncio.Queue()
            self._is_lost = False

            def lose(*_: object) -> None:
                # The connection of an earlier time may be lost after this one was made.
                if arrived is self._arrived:
                    self._is_lost = True
                arrived.put_nowait(None)

            self._channel.close_callbacks.add(lose)
            underlay = await self._channel.get_underlay_channel()
            # A queue that is deleted cancels the consumer and leaves the channel open.
            underlay.on_consumer_cancel_callbacks.add(lose)
            queue = await self._channel.get_queue(self._address.name)
            await queue.consume(arrived.put)

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Return messages that have arrived; a lost connection is an error."""
        found: list[Message] = []
        if not self._is_lost:
            with contextlib.suppress(TimeoutError):
                first = await asyncio.wait_for(self._arrived.get(), seconds)
                if first is not None:
                    found.append(self._message(first))
        while found and len(found) < most and not self._arrived.empty():
            it = self._arrived.get_nowait()
            if it is None:
                break
            found.append(self._message(it))
        if self._is_lost:
            raise ConnectionLost(f"{self._address.shown}: the connection is closed")
        return found

    async def hold(self, messages: Sequence[Message]) -> None:
        """Do nothing: a message stays with its consumer as long as the connection."""

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages; those of a closed channel come again."""
        with translated_errors():
            for it in messages:
                await it.handle.ack()

    async def release(self, messages: Sequence[Message]) -> None:  # noqa: ARG002
        """Close the connection: everything that is not acknowledged is delivered again."""
        self._is_lost = True
        await self.close()

    async def send_dead(self, letter: DeadLetter) -> None:
        """Publish with confirmation; a queue that is missing returns the message as an error."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                await self._publish_dead(_dead_message(letter))
        except ChannelPreconditionFailed as error:
            raise DeadLetterTooLarge("it is larger than the broker allows") from error
        except (AMQPError, DeliveryError, OSError, TimeoutError, RuntimeError) as error:
            raise DeadLetterFailed(type(error).__name__) from error
        except asyncio.CancelledError as error:
            if is_canceled():
                raise
            raise DeadLetterFailed("the connection is closed") from error

    async def _publish_dead(self, message: aio_pika.Message) -> None:
        if self._dead_channel is None or self._dead_channel.is_closed:
            self._dead_channel = await self._connection.channel(
                publisher_confirms=True, on_return_raises=True
            )
        exchange = self._dead_channel.default_exchange
        await exchange.publish(message, self._dead_letter, mandatory=True)

    async def lag(self) -> int | None:
        """Return how many messages are ready in the queue; None without a connection."""
        if self._is_lost:
            return None
        with translated_errors():
            channel = await self._connection.channel()
            try:
                queue = await channel.declare_queue(self._address.name, passive=True)
                return int(queue.declaration_result.message_count or 0)
            finally:
                await channel.close()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(AMQPError, OSError, RuntimeError):
                await self._connection.close()

    async def _connected(self) -> Any:
        failure: Exception = OSError()
        for host in self._address.hosts:
            try:
                return await aio_pika.connect(
                    self._url(host),
                    ssl_context=self._credentials.context() if self._address.tls else None,
                    timeout=_TIMEOUT,
                )
            except _AUTHENTICATION as error:
                raise StreamRefused("RabbitMQ refuses the user or the password") from error
            except (AMQPError, OSError, TimeoutError) as error:
                failure = error
        name = type(failure).__name__
        raise ConnectionLost(f"{self._address.shown}: {name}") from failure

    def _url(self, host: str) -> URL:
        name, _, port = host.rpartition(":")
        virtual_host = self._address.virtual_host
        return URL.build(
            scheme="amqps" if self._address.tls else "amqp",
            user=self._credentials.user or "guest",
            password=self._credentials.password or "guest",
            host=name.strip("[]"),
            port=int(port),
            path="/" if virtual_host == "/" else f"/{virtual_host}",
            query={"heartbeat": "20"},
        )

    async def _require_queue(self, name: str, create: bool) -> None:
        channel = await self._connection.channel()
        try:
            await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity as error:
            if not create:
                command = (
                    f"rabbitmqadmin declare queue name={name} durable=true queue_type=quorum "
                    """arguments='{"x-delivery-limit": 1000000}'"""
                )
                sentence = f"there is no queue {name}; create it: {command}"
                raise StreamRefused(sentence) from error
            channel = await self._connection.channel()
            await channel.declare_queue(name, durable=True)
        except AMQPError as error:
            raise StreamRefused(f"the queue {name} must be readable for this user") from error
        await channel.close()

    def _message(self, it: AbstractIncomingMessage) -> Message:
        headers: Mapping[str, Any] = it.headers or {}
        deliveries = headers.get("x-delivery-count", 0)
        if isinstance(deliveries, int) and deliveries >= _MOST_DELIVERIES:
            _log.warning("delivered_often", queue=self._address.name, deliveries=deliveries)
        name = it.message_id or it.delivery_tag
        return Message(
            source=f"amqp:{self._address.name}:{name}",
            body=it.body,
            content_type=it.content_type,
            content_encoding=it.content_encoding,
            attributes=_attributes(headers),
            headers=headers,
            handle=it,
            is_redelivered=bool(it.redelivered),
        )


def _attributes(headers: Mapping[str, Any]) -> list[Header]:
    """Return the headers that may be those of a CloudEvent."""
    return [
        (name[len(prefix) :].lower(), _text(value))
        for name, value in headers.items()
        for prefix in _PREFIXES
        if name.startswith(prefix)
    ]


def _text(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


def _dead_message(letter: DeadLetter) -> aio_pika.Message:
    it = letter.message.handle
    headers = {
        name: value
        for name, value in letter.message.headers.items()
        if not name.startswith(PREFIX) and name not in _OF_BROKER
    }
    return aio_pika.Message(
        letter.body,
        headers={**headers, **letter.reasons},
        content_type=it.content_type,
        content_encoding="gzip" if letter.is_packed else it.content_encoding,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        **{name: getattr(it, name) for name in _PROPERTIES},
    )


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of the client into a lost connection: the consumer connects again."""
    try:
        yield
    except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
        raise ConnectionLost(f"RabbitMQ: {type(error).__name__}") from error
    except asyncio.CancelledError as error:
        # The client cancels what waits for an answer when it closes a connection that is stuck.
        if is_canceled():
            raise
        raise ConnectionLost("RabbitMQ: the connection is closed") from error


def is_canceled() -> bool:
    """Return whether the running task is canceled, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
