"""Streams of NATS that tests publish to, each with its dead letters."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

import nats

from tests.brokers.processes import Nats
from tests.waiting import PATIENCE

_T = TypeVar("_T")


class Stream:
    """A stream of its own on a server, and its dead letters."""

    def __init__(self, server: Nats) -> None:
        self.name = f"U{uuid4().hex[:8]}"
        self.server = server
        self.url = f"{server.url}/{self.name}"
        self.run(lambda js: js.add_stream(name=self.name, subjects=[f"{self.name}.events"]))

    def run(self, work: Callable[[Any], Awaitable[_T]]) -> _T:
        async def connected() -> _T:
            client = await nats.connect(self.server.url)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())

    def publish(self, *messages: tuple[bytes, dict[str, str]]) -> None:
        async def publish_all(js: Any) -> None:
            for body, headers in messages:
                await js.publish(f"{self.name}.events", body, headers=headers or None)

        self.run(publish_all)

    def consumer(self) -> Any:
        """Return what the server knows of the consumer."""
        return self.run(lambda js: js.consumer_info(self.name, "tollbook"))

    def dead(self) -> list[Any]:
        async def fetch(js: Any) -> list[Any]:
            subject = f"{self.name}.dead"
            count = (await js.stream_info(subject.replace(".", "_"))).state.messages
            reader = await js.pull_subscribe(subject, durable=f"r{uuid4().hex[:8]}")
            return await reader.fetch(count, timeout=PATIENCE) if count else []

        return self.run(fetch)


def text(*events: Any) -> bytes:
    return json.dumps(list(events)).encode()
