"""NATS JetStream: a durable pull consumer of a stream, and a stream for dead letters."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import nats
import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import APIError, NotFoundError
from nats.js.errors import Error as JetStreamError

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
from tollbook.ingest.cloud_attributes import Header, unquoted

ACK_WAIT_SECONDS = 30.0
"""The wait of a consumer that is created: after a lost connection, messages come again then."""
_TIMEOUT = 10.0
_QUIET_SECONDS = 10.0
"""After this time without messages, the consumer is looked up: a missing one looks empty."""
_ROOM_FOR_PROTOCOL = 512
_POLL_SECONDS = 0.1


class NatsTransport:
    """A stream of NATS, and the subject of its dead letters."""

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials,
        group: str,
        dead_letter: str,
        prefetch: int,
    ) -> None:
        self.hold_seconds = ACK_WAIT_SECONDS / 3
        self._address = address
        self._credentials = credentials
        self._group = group
        self._dead_letter = dead_letter
        self._prefetch = prefetch
        self._client: Any = None
        self._stream: Any = None
        self._subscription: Any = None
        self._heard_at = 0.0

    async def connect(self, create: bool) -> None:
        """Connect, and check the stream, its consumer, and the stream of the dead letters."""
        self._client = await self._connected()
        self._stream = self._client.jetstream(timeout=_TIMEOUT)
        with _translated():
            await self._check_source()
            await self._check_consumer(create)
            await self._check_dead_letter(create)
            self._subscription = await self._stream.pull_subscribe_bind(
                consumer=self._group, stream=self._address.name
            )
        self._heard_at = time.monotonic()

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Return messages; a connection that was lost, or a missing consumer, is an error."""
        self._require_connection()
        found: list[Msg] = []
        ends = time.monotonic() + seconds
        with _translated():
            while not found and self._client.is_connected and time.monotonic() < ends:
                found = await self._fetch_shortly(most, min(_POLL_SECONDS, seconds))
        if found:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > _QUIET_SECONDS:
            with _translated():
                await self._check_consumer(create=False)
            self._heard_at = time.monotonic()
        self._require_connection()
        return [self._message(it) for it in found]

    async def _fetch_shortly(self, most: int, seconds: float) -> list[Msg]:
        """Return what comes in a short time: the client waits it out for a batch that is full."""
        try:
            found: list[Msg] = await self._subscription.fetch(most, timeout=max(seconds, 0.02))
        except (TimeoutError, nats.errors.TimeoutError):
            return []
        return found

    async def hold(self, messages: Sequence[Message]) -> None:
        """Restart the time after which messages come again."""
        with _translated():
            for it in messages:
                await it.handle.in_progress()

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge messages, and wait until the server has read that."""
        with _translated():
            for it in messages:
                await it.handle.ack()
            await self._client.flush(timeout=int(_TIMEOUT))

    async def release(self, messages: Sequence[Message]) -> None:
        """Have messages delivered again at once."""
        with _translated():
            for it in messages:
                await it.handle.nak()
            await self._client.flush(timeout=int(_TIMEOUT))

    async def send_dead(self, letter: DeadLetter) -> None:
        """Publish to JetStream: a plain publish to no stream would vanish without an error."""
        headers = _dead_headers(letter)
        size = len(letter.body) + sum(len(k) + len(v) + 4 for k, v in headers.items())
        # A larger message would make the server close the connection.
        if size + _ROOM_FOR_PROTOCOL > self._client.max_payload:
            raise DeadLetterTooLarge("it is larger than max_payload")
        self._require_connection()
        try:
            await self._stream.publish(
                self._dead_letter, letter.body, timeout=_TIMEOUT, headers=headers
            )
        except (nats.errors.Error, JetStreamError, TimeoutError) as error:
            raise DeadLetterFailed(f"{type(error).__name__}: {error}") from error

    async def lag(self) -> int | None:
        """Return the messages that are not delivered or not acknowledged yet."""
        if self._stream is None or not self._client.is_connected:
            return None
        with _translated():
            info = await self._stream.consumer_info(self._address.name, self._group)
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._client.close()

    async def _connected(self) -> Any:
        credentials, scheme = self._credentials, "tls" if self._address.tls else "nats"
        options: dict[str, Any] = {}
        if self._address.tls:
            options["tls"] = credentials.context()
        if credentials.user:
            options |= {"user": credentials.user, "password": credentials.password}
        if credentials.file:
            options["user_credentials"] = credentials.file
        try:
            return await nats.connect(
                servers=[f"{scheme}://{it}" for it in self._address.hosts],
                name=f"tollbook {self._group}",
                # The consumer connects again, and checks everything again then.
                allow_reconnect=False,
                connect_timeout=5,
                ping_interval=20,
                error_cb=_ignore,
                **options,
            )
        except (nats.errors.AuthorizationError, nats.errors.InvalidUserCredentialsError) as error:
            raise StreamRefused("NATS refuses the user or the credentials") from error
        except (nats.errors.Error, OSError, TimeoutError) as error:
            if "authorization" in str(error).lower():
                raise StreamRefused("NATS refuses the user or the credentials") from error
            raise ConnectionLost(f"{self._address.shown}: {type(error).__name__}") from error

    def _require_connection(self) -> None:
        if not self._client.is_connected:
            raise ConnectionLost(f"{self._address.shown}: the connection is closed")

    async def _check_source(self) -> None:
        name = self._address.name
        try:
            info = await self._stream.stream_info(name)
        except NotFoundError as error:
            command = f"nats stream add {name} --subjects ... --storage file"
            raise StreamRefused(f"there is no stream {name}; create it: {command}") from error
        subjects = info.config.subjects or []
        if any(_covers(it, self._dead_letter) for it in subjects):
            sentence = f"the stream {name} must not have the subject {self._dead_letter}"
            raise StreamRefused(f"{sentence}: dead letters would be read again")

    async def _check_consumer(self, create: bool) -> None:
        stream, group = self._address.name, self._group
        try:
            info = await self._stream.consumer_info(stream, group)
        except NotFoundError as error:
            if not create:
                command = (
                    f"nats consumer add {stream} {group} --pull --ack explicit --max-deliver -1 "
                    f"--wait {ACK_WAIT_SECONDS:.0f}s --max-pending {self._prefetch} --deliver all"
                )
                sentence = f"the stream {stream} has no consumer {group}; use --create, or"
                raise StreamRefused(f"{sentence} run: {command}") from error
            info = await self._create_consumer()
        config = info.config
        if config.deliver_subject or config.ack_policy != AckPolicy.EXPLICIT:
            raise StreamRefused(f"the consumer {group} must be of type pull, with explicit acks")
        if (config.max_deliver or -1) > 0:
            sentence = f"the consumer {group} must have no max_deliver: a message that was"
            raise StreamRefused(f"{sentence} delivered so often would never be delivered again")
        self.hold_seconds = max(0.5, float(config.ack_wait or ACK_WAIT_SECONDS) / 3)

    async def _create_consumer(self) -> Any:
        config = ConsumerConfig(
            durable_name=self._group,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=self._prefetch,
            max_deliver=-1,
        )
        try:
            return await self._stream.add_consumer(self._address.name, config)
        except APIError as error:
            raise StreamRefused(f"the consumer cannot be created: {error.description}") from error

    async def _check_dead_letter(self, create: bool) -> None:
        subject = self._dead_letter
        name = subject.replace(".", "_")
        try:
            found = await self._stream.find_stream_name_by_subject(subject)
        except NotFoundError as error:
            if not create:
                command = f"nats stream add {name} --subjects {subject} --storage file"
                sentence = f"no stream has the subject {subject}; use --create, or run: {command}"
                raise StreamRefused(sentence) from error
            await self._stream.add_stream(name=name, subjects=[subject])
            return
        if found == self._address.name:
            raise StreamRefused("dead letters must not go to the stream that is read")

    def _message(self, it: Msg) -> Message:
        headers = it.headers or {}
        lower = {name.lower(): value for name, value in headers.items()}
        metadata = it.metadata
        return Message(
            source=f"nats:{self._address.name}:{metadata.sequence.stream}",
            body=it.data,
            content_type=lower.get("content-type"),
            content_encoding=lower.get("content-encoding"),
            attributes=_attributes(headers),
            headers=headers,
            handle=it,
            is_redelivered=metadata.num_delivered > 1,
        )


def _attributes(headers: dict[str, str]) -> list[Header]:
    """Return the headers that may be those of a CloudEvent; only NATS percent-encodes them."""
    return [
        (name[3:].lower(), unquoted(value.encode()))
        for name, value in headers.items()
        if name[:3].lower() == "ce-"
    ]


def _dead_headers(letter: DeadLetter) -> dict[str, str]:
    headers = {
        name: value
        for name, value in letter.message.headers.items()
        if not name.lower().startswith((PREFIX, "nats-"))
    }
    if letter.is_packed:
        headers["Content-Encoding"] = "gzip"
    return {**headers, **letter.reasons, "Nats-Msg-Id": letter.reasons["tollbook-source"]}


def _covers(pattern: str, subject: str) -> bool:
    """Return whether a subject of a stream, which may have wildcards, covers a subject."""
    parts, words = pattern.split("."), subject.split(".")
    for index, part in enumerate(parts):
        if part == ">":
            return len(words) > index
        if index >= len(words) or part not in ("*", words[index]):
            return False
    return len(parts) == len(words)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn errors of the client into a lost connection: the consumer connects again."""
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise ConnectionLost(f"NATS: {type(error).__name__}: {error}") from error


async def _ignore(_error: Exception) -> None:
    """Ignore an error that the next call reports."""
