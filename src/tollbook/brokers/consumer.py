"""Consume messages: fetch, store, publish dead letters, and only then acknowledge."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import structlog

from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.storing import MessageStore, StoredMessage
from tollbook.brokers.transport import (
    BrokerError,
    ConnectionLost,
    GapFound,
    Message,
    StreamRefused,
    Transport,
)
from tollbook.domain.errors import InvalidApiKey, TollbookError

_T = TypeVar("_T")
_log = structlog.get_logger()
MOST_BATCH_BYTES = 16 * 1024 * 1024
_BATCH_SECONDS = 0.1
"""How long a batch waits for more messages after its first."""
_FETCH_SECONDS = 1.0
_LAG_SECONDS = 15.0
_FINISH_SECONDS = 20.0
_ANSWER_SECONDS = 30.0
"""The longest wait for a broker that may have been killed in the middle of an answer."""
_LONGEST_PAUSE = 30.0


class Exit(IntEnum):
    """The exit codes of a consumer."""

    DONE = 0
    NOT_STARTED = 2
    KEY_REVOKED = 3
    GAP = 4


@dataclass(frozen=True)
class ConsumeOptions:
    """How a consumer works: messages of a batch and in flight, and when it ends.

    `held_seconds` is how long messages are held while the database does not store them, before
    they are released.
    """

    batch: int = 500
    prefetch: int = 1_000
    create: bool = False
    stop_when_empty: bool = False
    held_seconds: float = 60.0


class Consumer:
    """Moves messages from a broker to the ledger until it is stopped."""

    def __init__(
        self,
        transport: Transport,
        store: MessageStore,
        is_database_ready: Callable[[], bool],
        options: ConsumeOptions,
        metrics: ConsumeMetrics,
        dead_sender: DeadSender,
    ) -> None:
        self._transport = transport
        self._store = store
        self._is_database_ready = is_database_ready
        self._options = options
        self._metrics = metrics
        self._dead_sender = dead_sender
        self._in_flight: set[Message] = set()
        self._stopping = asyncio.Event()
        self._is_connected = False
        self._is_database_away = False
        self._pauses = 0

    def stop(self) -> None:
        """Fetch no more, finish the batch, and end."""
        self._stopping.set()

    def problem(self) -> str | None:
        """Return why the consumer is not healthy now; None when it is."""
        if not self._is_connected:
            return "the broker cannot be reached"
        return "the database cannot be written" if self._is_database_away else None

    async def run(self) -> Exit:
        """Consume until stopped; return the exit code. `StreamRefused` is raised at start only."""
        helpers: list[asyncio.Task[None]] = []
        try:
            if not await self._connect_first():
                return Exit.DONE
            loops = self._hold_always(), self._measure_always()
            helpers.extend(asyncio.create_task(it) for it in loops)
            return await self._consume()
        except InvalidApiKey:
            _log.error("key_refused", effect="nothing more is acknowledged")
            return Exit.KEY_REVOKED
        except GapFound as gap:
            _log.error("messages_lost_at_broker", problem=str(gap))
            return Exit.GAP
        finally:
            for it in helpers:
                it.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._close()

    async def _consume(self) -> Exit:
        while not self._stopping.is_set():
            try:
                if not await self._step():
                    break
                self._pauses = 0
            except (ConnectionLost, StreamRefused) as error:
                await self._reconnect(error)
        await self._finish()
        return Exit.DONE

    async def _step(self) -> bool:
        """Store the next batch; return False when there is nothing more to do."""
        await self._send_waiting()
        messages = await self._next_batch()
        if messages:
            stored = await self._stored(messages)
            if stored is None:
                await self._release_until_ready(messages)
            else:
                await self._settle(stored)
            return True
        if not self._options.stop_when_empty or self._in_flight:
            return True
        return await self._attempt(self._transport.lag()) != 0

    async def _next_batch(self) -> list[Message]:
        """Return messages until a batch is full, or for a moment after its first."""
        options = self._options
        room = min(options.batch, options.prefetch - len(self._in_flight))
        if room <= 0:  # all that may be in flight are dead letters that wait for the broker
            await self._wait(_FETCH_SECONDS)
            return []
        messages = await self._fetch(room, _FETCH_SECONDS)
        ends = time.monotonic() + _BATCH_SECONDS
        while messages and len(messages) < room and not self._stopping.is_set():
            left = ends - time.monotonic()
            if left <= 0 or sum(len(it.body) for it in messages) >= MOST_BATCH_BYTES:
                break
            messages += await self._fetch(room - len(messages), left)
        return messages

    async def _fetch(self, most: int, seconds: float) -> list[Message]:
        """Fetch messages, unless the consumer is stopped meanwhile."""
        fetching = asyncio.ensure_future(self._transport.fetch(most, seconds))
        messages = await fetching
        self._in_flight.update(messages)
        self._metrics.set_in_flight(len(self._in_flight))
        self._metrics.count_redelivered(sum(it.is_redelivered for it in messages))
        return messages

    async def _stored(self, messages: Sequence[Message]) -> list[StoredMessage] | None:
        """Store messages; return None when the database has not stored them in time."""
        start = time.monotonic()
        attempts = 0
        while True:
            began = time.monotonic()
            try:
                stored = await asyncio.to_thread(self._store.store, messages)
            except InvalidApiKey:
                raise
            except TollbookError as error:
                self._is_database_away = True
                _log.warning("database_away", problem=error.sentence)
                left = self._options.held_seconds - (time.monotonic() - start)
                if left <= 0 or self._stopping.is_set():
                    return None
                attempts += 1
                await self._wait(min(pause(attempts), left))
            else:
                self._is_database_away = False
                self._metrics.observe_batch(time.monotonic() - began, time.time())
                return stored

    async def _settle(self, stored: Sequence[StoredMessage]) -> None:
        for it in stored:
            self._metrics.count_receipts(it.receipts)
        dead = [it.letter for it in stored if it.letter is not None]
        done = [it.message for it in stored if it.letter is None]
        self._metrics.count_messages("stored", len(done))
        sent = await self._dead_sender.send(dead)
        self._metrics.count_messages("dead", len(sent))
        await self._acknowledge([*done, *sent])

    async def _send_waiting(self) -> None:
        """Try again to publish the dead letters that the broker has not confirmed."""
        sent = await self._dead_sender.send_due()
        if sent:
            self._metrics.count_messages("dead", len(sent))
            await self._acknowledge(sent)

    async def _acknowledge(self, messages: Sequence[Message]) -> None:
        if messages:
            await self._attempt(self._transport.acknowledge(messages))
        self._forget(messages)

    async def _release_until_ready(self, messages: Sequence[Message]) -> None:
        """Release messages once, and fetch nothing until the database answers."""
        await self._attempt(self._transport.release(messages))
        self._metrics.count_messages("released", len(messages))
        self._forget(messages)
        attempts = 0
        while not self._stopping.is_set():
            if await asyncio.to_thread(self._is_database_ready):
                self._is_database_away = False
                return
            attempts += 1
            await self._wait(pause(attempts))

    def _forget(self, messages: Sequence[Message]) -> None:
        self._in_flight.difference_update(messages)
        self._metrics.set_in_flight(len(self._in_flight))

    async def _finish(self) -> None:
        """Release what is not settled, so that others get it at once."""
        with contextlib.suppress(BrokerError, TimeoutError):
            rest = list(self._in_flight)
            if rest:
                await asyncio.wait_for(self._transport.release(rest), _FINISH_SECONDS)
                self._metrics.count_messages("released", len(rest))

    async def _connect_first(self) -> bool:
        """Connect at start; a broker that cannot be reached is waited for."""
        while not self._stopping.is_set():
            try:
                await self._attempt(self._transport.connect(self._options.create))
            except ConnectionLost as error:
                await self._close()
                await self._pause(error)
            else:
                self._is_connected = True
                return True
        return False

    async def _attempt(self, work: Awaitable[_T]) -> _T:
        """Wait for work that a broker may never answer, for a while."""
        try:
            # `wait_for` may lose a cancellation that comes together with the answer.
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await work
        except TimeoutError as error:
            raise ConnectionLost("the broker does not answer") from error

    async def _close(self) -> None:
        with contextlib.suppress(BrokerError, TimeoutError):
            await asyncio.wait_for(self._transport.close(), _FINISH_SECONDS)

    async def _reconnect(self, error: BrokerError) -> None:
        """Connect again, without end; what was in flight comes again."""
        self._metrics.count_reconnect()
        self._is_connected = False
        self._dead_sender.clear()
        self._forget(list(self._in_flight))
        while not self._stopping.is_set():
            await self._close()
            await self._pause(error)
            try:
                await self._attempt(self._transport.connect(self._options.create))
            except (ConnectionLost, StreamRefused) as failure:
                error = failure
            else:
                self._is_connected = True
                return

    async def _pause(self, error: BrokerError) -> None:
        self._pauses += 1
        _log.warning("broker_away", problem=str(error))
        await self._wait(pause(self._pauses))

    async def _wait(self, seconds: float) -> None:
        """Wait some seconds, or until the consumer is stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _hold_always(self) -> None:
        """Hold what is in flight, as often as the broker needs it."""
        while True:
            await asyncio.sleep(self._transport.hold_seconds)
            if self._in_flight:
                await self._quietly(self._transport.hold(list(self._in_flight)))

    async def _measure_always(self) -> None:
        while True:
            with contextlib.suppress(BrokerError):
                self._metrics.set_lag(await self._attempt(self._transport.lag()))
            await asyncio.sleep(_LAG_SECONDS)

    async def _quietly(self, work: Awaitable[None]) -> None:
        """Wait for work whose failure the next fetch will find."""
        with contextlib.suppress(BrokerError):
            await self._attempt(work)


def pause(attempt: int) -> float:
    """Return the seconds before an attempt: from 1 to 30, with jitter."""
    longest = min(_LONGEST_PAUSE, 2.0 ** min(attempt - 1, 5))
    return max(0.5, longest * random.uniform(0.5, 1.0))  # noqa: S311  only spreads reconnects
