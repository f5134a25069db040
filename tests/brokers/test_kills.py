"""Consumers and brokers are killed at random moments: every message is in the ledger once.

`TOLLBOOK_TEST_KILLS` is how often each is killed; `make chaos` kills each 50 times.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aio_pika
import nats
from confluent_kafka import Producer
from nats.js.api import ConsumerConfig

from tests.brokers.conftest import Ledger
from tests.brokers.processes import Consuming, KafkaCluster, Nats, Rabbit
from tests.builders import event
from tests.waiting import PATIENCE

KILLS = int(os.environ.get("TOLLBOOK_TEST_KILLS", "4"))
FEW_KILLS = KILLS if KILLS > 10 else 1
"""RabbitMQ takes seconds to start, and Kafka waits ten for a consumer that was killed."""
_EVERY = 20
"""Messages of a round."""


_LONG = 10 * PATIENCE
"""No loaded machine needs it: a process that has ended fails a test at once."""


def wait_until(is_done: Callable[[], bool], *processes: Consuming | Nats | Rabbit) -> None:
    """Wait for work that goes on as long as its processes run."""
    give_up = time.monotonic() + _LONG
    while not is_done():
        ended = [it for it in processes if it.has_ended()]
        problem = "it has ended" if ended else "it does not go on"
        if ended or time.monotonic() > give_up:
            logs = "\n".join(it.errors for it in ended or processes)
            raise AssertionError(f"{problem}: {logs}")
        time.sleep(0.02)


def rounds(
    ledger: Ledger,
    server: Nats | Rabbit | KafkaCluster,
    consuming: Consuming,
    send: Any,
    kills: int,
) -> None:
    """Kill the consumer, then the broker, each in the middle of its work; then let it finish."""
    earlier = ledger.ids()
    processes = (consuming,) if isinstance(server, KafkaCluster) else (consuming, server)
    consuming.start()
    sent = 0
    for number in range(2 * kills):
        send([f"m{it}" for it in range(sent, sent + _EVERY)])
        before, sent = len(ledger.ids()), sent + _EVERY
        wait_until(lambda before=before: len(ledger.ids()) > before, *processes)  # type: ignore[misc]
        time.sleep(random.uniform(0, 0.05))
        if number % 2:
            server.kill()
            server.start()
        else:
            consuming.kill()
            consuming.start()
    expected = sorted([*earlier, *(f"m{it}" for it in range(sent))])
    wait_until(lambda: len(ledger.ids()) == len(expected), *processes)
    assert consuming.terminate() == 0
    assert sorted(ledger.ids()) == expected


def body(identity: str) -> bytes:
    return json.dumps(event(id=identity)).encode()


def test_nats_and_its_consumer_are_killed(ledger: Ledger, tmp_path: Path) -> None:
    with Nats(tmp_path / "nats") as server:

        async def connected(work: Any) -> None:
            client = await nats.connect(server.url)
            await work(client.jetstream())
            await client.close()

        async def make(js: Any) -> None:
            await js.add_stream(name="USAGE", subjects=["usage"])
            await js.add_consumer("USAGE", ConsumerConfig(durable_name="tollbook", ack_wait=1.0))

        def send(ids: list[str]) -> None:
            async def publish(js: Any) -> None:
                for it in ids:
                    await js.publish("usage", body(it))

            asyncio.run(connected(publish))

        asyncio.run(connected(make))
        consuming = ledger.consuming(f"{server.url}/USAGE", "--create", "--batch", "7")
        rounds(ledger, server, consuming, send, KILLS)


def test_rabbitmq_and_its_consumer_are_killed(ledger: Ledger, tmp_path: Path) -> None:
    with Rabbit(tmp_path / "rabbit") as server:

        def send(ids: list[str]) -> None:
            async def publish() -> None:
                connection = await aio_pika.connect(f"{server.url}/")
                channel = await connection.channel()
                limits = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
                await channel.declare_queue("usage", durable=True, arguments=limits)
                for it in ids:
                    message = aio_pika.Message(body(it), delivery_mode=2)
                    await channel.default_exchange.publish(message, "usage", mandatory=True)
                await connection.close()

            asyncio.run(publish())

        send(["first"])
        options = ("--create", "--batch", "7")
        consuming = ledger.consuming(f"{server.url}/?queue=usage", *options)
        start = ledger.consuming(f"{server.url}/?queue=usage", *options, "--stop-when-empty")
        assert start.run() == 0
        assert ledger.ids() == ["first"]
        rounds(ledger, server, consuming, send, FEW_KILLS)


def test_kafka_and_its_consumer_are_killed(ledger: Ledger) -> None:
    with KafkaCluster() as cluster:
        settings = {"bootstrap.servers": cluster.server, "log_level": 0}
        producer = Producer(settings)
        for name in ("usage", "usage.dead"):
            producer.list_topics(name, timeout=PATIENCE)

        def send(ids: list[str]) -> None:
            for it in ids:
                producer.produce("usage", body(it))
            assert producer.flush(PATIENCE) == 0

        url = f"kafka://{cluster.server}/usage"
        consuming = ledger.consuming(url, "--batch", "7")
        rounds(ledger, cluster, consuming, send, FEW_KILLS)
