"""Events from a real RabbitMQ: what is stored, and what is a dead letter."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aio_pika
import pytest
from cloudevents.core.bindings.rabbitmq import to_binary
from cloudevents.core.formats.json import JSONFormat

from tests.api.test_cloud_events import cloud_event
from tests.brokers.conftest import Ledger
from tests.brokers.processes import Rabbit
from tests.builders import event


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
        limits = {"x-queue-type": "quorum", "x-delivery-limit": -1}
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
