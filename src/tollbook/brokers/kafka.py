"""Kafka: a topic that a consumer group reads, and a topic for dead letters."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from tollbook.brokers.address import BrokerAddress
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_letters import PREFIX
from tollbook.brokers.offsets import PartitionOffsets
from tollbook.brokers.transport import (
    ConnectionLost,
    DeadLetter,
    DeadLetterFailed,
    DeadLetterTooLarge,
    GapFound,
    Message,
    StreamRefused,
)
from tollbook.ingest.cloud_attributes import Header

_T = TypeVar("_T")
_TIMEOUT = 10.0
_POLL_SECONDS = 0.1
_HEADERS = "ce_"
_TOO_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE}
Partition = int


class KafkaTransport:
    """A topic of Kafka, and the topic of its dead letters.

    The client is used in one thread of its own, because its calls block.
    """

    hold_seconds = 5.0

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials,
        group: str,
        dead_letter: str,
        prefetch: int,
        *,
        accept_gap: bool = False,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._group = group
        self._dead_letter = dead_letter
        self._prefetch = prefetch
        self._accept_gap = accept_gap
        self._thread = ThreadPoolExecutor(1, "tollbook-kafka")
        self._consumer: Any = None
        self._producer: Any = None
        self._offsets: dict[Partition, PartitionOffsets] = {}
        self._starts: dict[Partition, int] = {}
        self._is_paused = False
        self._failure: KafkaError | None = None
        self._early: list[Any] = []

    async def connect(self, create: bool) -> None:
        """Connect, check both topics, and join the group."""
        await self._call(self._connect, create)

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        """Return messages; an offset that is gone is an error."""
        return await self._call(self._fetch, most, seconds)

    async def hold(self, messages: Sequence[Message]) -> None:  # noqa: ARG002
        """Stay a member of the group without receiving more."""
        await self._call(self._poll_paused)

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Commit each partition up to its first message that is not settled."""
        await self._call(self._acknowledge, messages)

    async def release(self, messages: Sequence[Message]) -> None:
        """Read messages again from the first that is not settled."""
        await self._call(self._release, messages)

    async def send_dead(self, letter: DeadLetter) -> None:
        """Publish a dead letter, and wait for the confirmation of all replicas."""
        await self._call(self._send_dead, letter)

    async def lag(self) -> int | None:
        """Return how many messages are behind the committed offsets; None without partitions."""
        return await self._call(self._lag)

    async def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            with contextlib.suppress(KafkaException, RuntimeError):
                await self._call(consumer.close)

    async def _call(self, work: Callable[..., _T], *arguments: Any) -> _T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work, *arguments)
        except KafkaException as error:
            raise ConnectionLost(f"Kafka: {_name(error)}") from error

    def _settings(self) -> dict[str, Any]:
        credentials, address = self._credentials, self._address
        found: dict[str, Any] = {
            "bootstrap.servers": ",".join(address.hosts),
            "client.id": "tollbook",
            "log_level": 0,
            "error_cb": self._note,
        }
        if address.tls:
            found["security.protocol"] = "SASL_SSL" if credentials.user else "SSL"
            files = {
                "ssl.ca.location": credentials.ca,
                "ssl.certificate.location": credentials.cert,
                "ssl.key.location": credentials.cert_key,
            }
            found |= {name: value for name, value in files.items() if value}
        elif credentials.user:
            found["security.protocol"] = "SASL_PLAINTEXT"
        if credentials.user:
            found |= {
                "sasl.mechanism": "PLAIN",
                "sasl.username": credentials.user,
                "sasl.password": credentials.password,
            }
        return found

    def _note(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._failure = error

    def _connect(self, create: bool) -> None:
        settings = self._settings()
        self._producer = Producer(
            {**settings, "enable.idempotence": True, "message.timeout.ms": int(_TIMEOUT * 1000)}
        )
        self._require_topic(self._address.name, "create it")
        self._require_topic(self._dead_letter, "create it", create)
        self._offsets = {}
        self._is_paused = False
        self._failure = None
        self._early = []
        self._consumer = Consumer(
            {
                **settings,
                "group.id": self._group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # Otherwise a group without offsets would skip what is there.
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": 65_536,
                # The partitions of a consumer that was killed go to others after this time.
                "session.timeout.ms": 10_000,
            }
        )
        self._consumer.subscribe(
            [self._address.name],
            on_assign=self._assign,
            on_revoke=self._revoke,
            on_lost=self._lose,
        )

    def _require_topic(self, name: str, advice: str, create: bool = False) -> None:
        topics = self._producer.list_topics(timeout=_TIMEOUT).topics
        found = topics.get(name)
        if found is not None and found.error is None:
            return
        command = (
            f"kafka-topics --create --topic {name} --bootstrap-server {self._address.hosts[0]}"
        )
        hint = "; --create makes no topics" if create else ""
        raise StreamRefused(f"there is no topic {name}; {advice}: {command}{hint}")

    def _assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """Begin each partition where the group has committed, or at its beginning."""
        committed = consumer.committed(partitions, timeout=_TIMEOUT)
        for it in committed:
            if it.offset < 0:
                it.offset = OFFSET_BEGINNING
            self._offsets[it.partition] = PartitionOffsets()
            self._starts[it.partition] = it.offset
        consumer.assign(committed)

    def _revoke(self, _consumer: Any, partitions: list[TopicPartition]) -> None:
        """Commit what is settled, and forget the rest: its next owner reads it."""
        with contextlib.suppress(KafkaException):
            self._commit(it.partition for it in partitions)
        self._lose(_consumer, partitions)

    def _lose(self, _consumer: Any, partitions: list[TopicPartition]) -> None:
        for it in partitions:
            self._offsets.pop(it.partition, None)

    def _fetch(self, most: int, seconds: float) -> list[Message]:
        if self._is_paused:
            self._consumer.resume(self._consumer.assignment())
            self._is_paused = False
        found: list[Message] = []
        for it in self._received(most, seconds):
            error = it.error()
            if error is None:
                offsets = self._offsets.get(it.partition())
                if offsets is not None:
                    offsets.add(it.offset())
                    found.append(self._message(it, offsets))
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                self._pass_gap(it)
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
        return found

    def _received(self, most: int, seconds: float) -> list[Any]:
        """Return what comes: the client waits out the time for a batch that is not full."""
        received, self._early = self._early, []
        ends = time.monotonic() + seconds
        while not received and self._failure is None and time.monotonic() < ends:
            received = self._consumer.consume(most, timeout=min(seconds, _POLL_SECONDS))
        if self._failure is not None and not received:
            raise KafkaException(self._failure)
        return received

    def _pass_gap(self, it: Any) -> None:
        if not self._accept_gap:
            sentence = (
                f"partition {it.partition()} of {self._address.name}: messages after the committed "
                "offset are no longer stored; --accept-gap goes on with the oldest that is"
            )
            raise GapFound(sentence)
        # A partition whose fetch has failed cannot be sought; a new assignment begins it again.
        positions = self._consumer.position(self._consumer.assignment())
        for partition in positions:
            if partition.partition == it.partition():
                partition.offset = OFFSET_BEGINNING
            elif partition.offset < 0:  # nothing of it was received yet
                partition.offset = self._starts[partition.partition]
        self._consumer.assign(positions)

    def _poll_paused(self) -> None:
        if self._consumer is None:
            return
        self._consumer.pause(self._consumer.assignment())
        self._is_paused = True
        early = self._consumer.poll(0)
        if early is not None:  # an error that the next fetch reports
            self._early.append(early)

    def _acknowledge(self, messages: Sequence[Message]) -> None:
        changed = set()
        for it in messages:
            offsets: PartitionOffsets
            offsets, record = it.handle
            if self._offsets.get(record.partition()) == offsets:
                offsets.settle(record.offset())
                changed.add(record.partition())
        self._commit(changed)

    def _commit(self, partitions: Any) -> None:
        wanted = [
            TopicPartition(self._address.name, partition, position)
            for partition in partitions
            if partition in self._offsets
            and (position := self._offsets[partition].uncommitted()) is not None
        ]
        if wanted:
            self._consumer.commit(offsets=wanted, asynchronous=False)
            for it in wanted:
                self._offsets[it.partition].committed(it.offset)

    def _release(self, messages: Sequence[Message]) -> None:
        firsts: dict[int, int] = {}
        for it in messages:
            offsets, record = it.handle
            if self._offsets.get(record.partition()) == offsets:
                partition, offset = record.partition(), record.offset()
                firsts[partition] = min(offset, firsts.get(partition, offset))
        for partition, first in firsts.items():
            self._offsets[partition].forget_from(first)
            self._consumer.seek(TopicPartition(self._address.name, partition, first))

    def _send_dead(self, letter: DeadLetter) -> None:
        record = letter.message.handle[1]
        failures: list[KafkaError] = []

        def report(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failures.append(error)

        try:
            self._producer.produce(
                self._dead_letter,
                letter.body,
                key=record.key(),
                headers=_dead_headers(letter),
                on_delivery=report,
            )
        except KafkaException as error:
            if error.args[0].code() in _TOO_LARGE:
                raise DeadLetterTooLarge("it is larger than the client allows") from error
            raise DeadLetterFailed(_name(error)) from error
        left = self._producer.flush(_TIMEOUT + 1)
        if failures and failures[0].code() in _TOO_LARGE:
            raise DeadLetterTooLarge("it is larger than the broker allows")
        if failures or left:
            raise DeadLetterFailed(failures[0].name() if failures else "not confirmed")

    def _lag(self) -> int | None:
        if self._consumer is None:
            return None
        assigned = self._consumer.assignment()
        if not assigned:
            return None
        lag = 0
        for it in self._consumer.committed(assigned, timeout=_TIMEOUT):
            low, high = self._consumer.get_watermark_offsets(it, timeout=_TIMEOUT)
            lag += high - (it.offset if it.offset >= 0 else low)
        return lag

    def _message(self, it: Any, offsets: PartitionOffsets) -> Message:
        headers = list(it.headers() or ())
        texts = {name.lower(): value or b"" for name, value in headers}
        content_type = texts.get("content-type")
        encoding = texts.get("content-encoding")
        return Message(
            source=f"kafka:{self._address.name}:{it.partition()}:{it.offset()}",
            body=it.value() or b"",
            content_type=_text(content_type),
            content_encoding=_text(encoding),
            attributes=_attributes(headers),
            headers={},
            handle=(offsets, it),
        )


def _attributes(headers: Sequence[tuple[str, bytes | None]]) -> list[Header]:
    """Return the headers that may be those of a CloudEvent."""
    return [
        (name[len(_HEADERS) :].lower(), value or b"")
        for name, value in headers
        if name.lower().startswith(_HEADERS)
    ]


def _dead_headers(letter: DeadLetter) -> list[tuple[str, bytes | None]]:
    headers = [
        (name, value)
        for name, value in letter.message.handle[1].headers() or ()
        if not name.lower().startswith(PREFIX)
        and not (letter.is_packed and name.lower() == "content-encoding")
    ]
    if letter.is_packed:
        headers.append(("content-encoding", b"gzip"))
    return [*headers, *((name, value.encode()) for name, value in letter.reasons.items())]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _name(error: KafkaException) -> str:
    return str(error.args[0].name())
