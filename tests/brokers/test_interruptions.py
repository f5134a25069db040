"""Consumers whose database is away, and consumers that are stopped."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import ConsumerConfig

from tests.brokers.conftest import Ledger
from tests.brokers.streams import Stream, text
from tests.brokers.test_kills import wait_until
from tests.builders import event
from tollbook.brokers.address import parse_address
from tollbook.brokers.consumer import ConsumeOptions, Consumer, pause
from tollbook.brokers.credentials import Credentials
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.storing import MessageStore
from tollbook.brokers.transports import transport_of
from tollbook.domain.errors import TollbookError
from tollbook.domain.keys import prefix_of
from tollbook.store.error_translation import translate_errors
from tollbook.store.probe import try_to_write
from tollbook.wiring import now


def test_messages_are_released_once_after_the_time_they_are_held(
    ledger: Ledger, stream: Stream, tmp_path: Path
) -> None:
    metrics = ConsumeMetrics()
    consumer = consumer_of(ledger, stream, metrics, tmp_path)

    def outcome(name: str) -> float:
        line = f'tollbook_consume_messages_total{{outcome="{name}"}} '
        (found,) = [it for it in metrics.text().decode().splitlines() if it.startswith(line)]
        return float(found.removeprefix(line))

    async def until(is_done: Any) -> None:
        await asyncio.to_thread(wait_until, is_done)

    async def run() -> None:
        running = asyncio.create_task(consumer.run())
        await asyncio.to_thread(stream.publish, (text(event(id="before")), {}))
        await until(lambda: ledger.ids() == ["before"])
        with unreadable(ledger):
            await asyncio.to_thread(stream.publish, (text(event(id="held")), {}))
            await until(lambda: outcome("released") == 1)
            assert consumer.problem() == "the database cannot be written"
            await asyncio.to_thread(stream.publish, (text(event(id="later")), {}))
            info = await asyncio.to_thread(stream.consumer)
            assert info.num_pending == 1  # nothing is fetched
        await until(lambda: ledger.ids() == ["before", "held", "later"])
        await until(lambda: outcome("stored") == 3)
        assert (outcome("released"), outcome("dead")) == (1, 0)
        consumer.stop()
        assert await running == 0

    asyncio.run(run())


@pytest.mark.usefixtures("sqlite_url")
@pytest.mark.parametrize("signals", [1, 2])
def test_a_second_signal_ends_it_at_once_and_loses_nothing(
    ledger: Ledger, stream: Stream, signals: int
) -> None:
    config = ConsumerConfig(durable_name="tollbook", ack_wait=1.0)
    stream.run(lambda js: js.add_consumer(stream.name, config))
    stream.publish((text(event(id="first")), {}))
    consuming = ledger.consuming(stream.url, "--create")
    consuming.start()
    assert consuming.process is not None
    wait_until(lambda: ledger.ids() == ["first"], consuming)
    with closing(sqlite3.connect(ledger.url.removeprefix("sqlite:///"))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        stream.publish((text(event(id="second")), {}))
        wait_until(lambda: stream.consumer().num_ack_pending == 1, consuming)
        consuming.process.terminate()
        while signals == 2 and not consuming.has_ended():
            consuming.process.terminate()  # one that comes too early is the same signal
            time.sleep(0.01)
        connection.rollback()
    assert consuming.wait() == signals - 1
    assert ledger.consuming(stream.url, "--stop-when-empty").run() == 0
    assert ledger.ids() == ["first", "second"]


@contextmanager
def unreadable(ledger: Ledger) -> Iterator[None]:
    """Have the database refuse everything, as after a migration to a later version."""
    version = ledger.set_schema_version("9999")
    yield
    ledger.set_schema_version(version)


def consumer_of(ledger: Ledger, stream: Stream, metrics: ConsumeMetrics, folder: Path) -> Consumer:
    prefix = prefix_of(ledger.writer)
    assert prefix is not None
    transport = transport_of(
        parse_address(stream.url), Credentials(), "tollbook", f"{stream.name}.dead", 1_000
    )

    def is_ready() -> bool:
        try:
            with translate_errors():
                try_to_write(ledger.database)
        except TollbookError:
            return False
        return True

    return Consumer(
        transport,
        MessageStore(ledger.database, ledger.directory_cache, now, prefix),
        is_ready,
        ConsumeOptions(create=True, held_seconds=0.1),
        metrics,
        DeadSender(transport, metrics, folder, pause),
    )
