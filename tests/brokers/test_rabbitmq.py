"""Events from a real RabbitMQ: what is stored, and what is a dead letter."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aio_pika
import pytest
from cloudevents.core.bindings.rabbitmq import to_binary
from cloudevents.core.formats.json import JSONFormat

from tests import plain_http
from tests.api.test_cloud_events import cloud_event
from tests.brokers.conftest import Ledger
from tests.brokers.processes import Rabbit
from tests.brokers.test_kills import wait_until
from tests.builders import event
from tests.servers import free_port
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    with Rabbit(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


def on_channel(server: Rabbit, work: Any) -> Any:
    async def connected() -> Any:
        connection = await aio_pika.connect(f"{server.url}/")
        try:
            return await work(await connection.channel())
        finally:
            await connection.close()

    return asyncio.run(connected())


def test_messages_are_stored_and_the_others_are_dead_letters(
    ledger: Ledger, rabbit: Rabbit
) -> None:
    url = f"{rabbit.url}/?queue=usage"
    missing = ledger.consuming(url, "--create")
    assert (missing.run(), "x-delivery-limit" in missing.errors) == (2, True)
    binary = to_binary(cloud_event(), JSONFormat())

    async def publish(channel: Any) -> None:
        limits = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
        await channel.declare_queue("usage", durable=True, arguments=limits)
        for body, given in (
            (json.dumps(event(id="one")).encode(), {}),
            (binary.body, {"headers": dict(binary.headers)}),
            (b"{broken", {"headers": {"trace": "é"}, "content_type": "application/json"}),
        ):
            message = aio_pika.Message(body, delivery_mode=2, **given)
            await channel.default_exchange.publish(message, "usage", mandatory=True)

    on_channel(rabbit, publish)
    consuming = ledger.consuming(url, "--create", "--stop-when-empty")
    assert consuming.run() == 0, consuming.errors
    assert ledger.ids() == ["ce:/switch/1|call-1", "one"]

    async def read(channel: Any) -> Any:
        queue = await channel.get_queue("usage.dead")
        return await queue.get()

    letter = on_channel(rabbit, read)
    assert (letter.body, letter.content_type) == (b"{broken", "application/json")
    assert letter.headers["trace"] == "é"
    assert letter.headers["tollbook-code"] == "unreadable_body"
    assert letter.headers["tollbook-source"].startswith("amqp:usage:")


def test_two_consumers_share_a_queue_and_a_ledger(shared_ledger: Ledger, rabbit: Rabbit) -> None:
    count = 200
    ports = [free_port(), free_port()]
    url = f"{rabbit.url}/?queue=shared"

    async def declare(channel: Any) -> None:
        for name in ("shared", "shared.dead"):
            await channel.declare_queue(name, durable=True)

    async def publish(channel: Any) -> None:
        while (await passive(channel)).consumer_count < len(ports):
            await asyncio.sleep(0.05)
        for it in range(count):
            # Every tenth event comes twice, and perhaps to both at the same time.
            for _ in range(1 if it % 10 else 2):
                body = json.dumps(event(id=f"m{it:03}")).encode()
                message = aio_pika.Message(body, delivery_mode=2)
                await channel.default_exchange.publish(message, "shared", mandatory=True)

    async def passive(channel: Any) -> Any:
        return (await channel.declare_queue("shared", durable=True)).declaration_result

    on_channel(rabbit, declare)
    few = ("--batch", "5", "--prefetch", "10")
    consumers = [shared_ledger.consuming(url, *few, "--metrics", f"127.0.0.1:{it}") for it in ports]
    for it in consumers:
        it.start()
    on_channel(rabbit, publish)
    wait_until(lambda: sum(map(stored, ports)) == count * 11 // 10, *consumers)
    assert all(stored(it) > 0 for it in ports)
    assert [it.terminate() for it in consumers] == [0, 0]
    assert shared_ledger.ids() == [f"m{it:03}" for it in range(count)]
    assert on_channel(rabbit, passive).message_count == 0


def stored(port: int) -> int:
    text = plain_http.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text
    (line,) = (it for it in text.splitlines() if 'messages_total{outcome="stored"}' in it)
    return int(float(line.rpartition(" ")[2]))


def test_the_queue_that_is_advised_loses_nothing_when_connections_end(
    ledger: Ledger, rabbit: Rabbit
) -> None:
    missing = ledger.consuming(f"{rabbit.url}/?queue=kept", "--create")
    assert missing.run() == 2
    limit = json.loads(missing.errors.split("arguments='")[1].partition("'")[0])

    async def declare(channel: Any) -> Any:
        arguments = {"x-queue-type": "quorum", **limit}
        return await channel.declare_queue("kept", durable=True, arguments=arguments)

    async def publish(channel: Any) -> None:
        await declare(channel)
        body = json.dumps(event(id="kept")).encode()
        await channel.default_exchange.publish(aio_pika.Message(body, delivery_mode=2), "kept")

    async def receive(channel: Any) -> None:
        await (await declare(channel)).get(timeout=PATIENCE)

    on_channel(rabbit, publish)
    for _ in range(3):
        on_channel(rabbit, receive)
    assert ledger.consuming(f"{rabbit.url}/?queue=kept", "--create", "--stop-when-empty").run() == 0
    assert ledger.ids() == ["kept"]
