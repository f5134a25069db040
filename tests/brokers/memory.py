"""A broker in memory and a consumer of it: what was settled in which order, and how it fails."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from tests.brokers.test_parts import message
from tollbook.brokers.consumer import ConsumeOptions, Consumer, Exit
from tollbook.brokers.dead_letters import letter_of_error
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.storing import MessageStore, StoredMessage
from tollbook.brokers.transport import ConnectionLost, DeadLetter, Message
from tollbook.domain.errors import TollbookError, UnreadableBody


class MemoryBroker:
    """A transport whose messages are in a list; `calls` has what was asked of it, in order.

    `failures` has the errors that the next calls of a method raise; None lets a call pass. `when`
    is called with each entry of `calls`, before the call takes effect.
    """

    hold_seconds = 3600.0

    def __init__(self, *bodies: bytes) -> None:
        self.queue = deque(message(body, source=f"m:{it}") for it, body in enumerate(bodies))
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception | None]] = {}
        self.when: Callable[[str], None] = lambda _: None
        self.dead: list[DeadLetter] = []
        self.settled: list[str] = []
        self.released: list[str] = []
        self.is_open = False
        self.waiting: int | None = 0
        self._open: dict[str, Message] = {}

    def _call(self, name: str, detail: str = "") -> None:
        self.calls.append(f"{name} {detail}".strip())
        self.when(self.calls[-1])
        failure = self.failures[name].pop(0) if self.failures.get(name) else None
        if failure is not None:
            raise failure

    async def connect(self, create: bool) -> None:
        self._call("connect", "create" if create else "")
        self.is_open = True

    async def fetch(self, most: int, seconds: float) -> list[Message]:
        self._call("fetch", str(most))
        if not self.is_open:
            raise ConnectionLost("closed")
        found = [self.queue.popleft() for _ in range(min(most, len(self.queue)))]
        self._open |= {it.source: it for it in found}
        return found

    async def hold(self, messages: Sequence[Message]) -> None:
        self._call("hold")

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        self._call("acknowledge")
        for it in messages:
            self.settled += [it.source] if self._open.pop(it.source, None) else []

    async def release(self, messages: Sequence[Message]) -> None:
        self._call("release")
        self.released += [it.source for it in messages]
        self.queue.extendleft(reversed([self._open.pop(it.source) for it in messages]))

    async def send_dead(self, letter: DeadLetter) -> None:
        self._call("dead", letter.message.source)
        self.dead.append(letter)

    async def lag(self) -> int | None:
        return self.waiting

    async def close(self) -> None:
        """Deliver again what was not acknowledged, as a broker does."""
        self._call("close")
        self.is_open = False
        self.queue.extendleft(reversed(self._open.values()))
        self._open.clear()


class Desk:
    """Stores messages in a list; a body of `bad` gets a dead letter."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.stored: list[str] = []
        self.batches: list[int] = []
        self.failures: list[TollbookError] = []

    def store(self, messages: Sequence[Message]) -> list[StoredMessage]:
        self.broker.calls.append("store")
        self.batches.append(len(messages))
        if self.failures:
            raise self.failures.pop(0)
        self.stored += [it.source for it in messages if it.body != b"bad"]
        error = UnreadableBody("it is broken")
        return [
            StoredMessage(it, letter_of_error(it, error) if it.body == b"bad" else None, [])
            for it in messages
        ]


class Loop:
    """A consumer of a broker in memory, which waits for nothing."""

    def __init__(self, folder: Path, *bodies: bytes, **options: Any) -> None:
        self.broker = MemoryBroker(*bodies)
        self.desk = Desk(self.broker)
        self.metrics = ConsumeMetrics()
        self.ready = [True]
        self.consumer = Consumer(
            self.broker,
            cast("MessageStore", self.desk),
            lambda: self.ready.pop(0) if len(self.ready) > 1 else self.ready[0],
            ConsumeOptions(**{"stop_when_empty": True, **options}),
            self.metrics,
            DeadSender(self.broker, self.metrics, folder, lambda _: 0.0),
        )

    def run(self) -> Exit:
        return asyncio.run(asyncio.wait_for(self.consumer.run(), 20))

    def count(self, name: str) -> float:
        lines = self.metrics.text().decode().splitlines()
        (value,) = (it.rpartition(" ")[2] for it in lines if it.startswith(f"{name} "))
        return float(value)

    def messages(self, outcome: str) -> float:
        return self.count(f'tollbook_consume_messages_total{{outcome="{outcome}"}}')
