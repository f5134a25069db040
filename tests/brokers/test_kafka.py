"""Events from Kafka, on the built-in test cluster of librdkafka."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.api.test_cloud_events import cloud_event
from tests.brokers.conftest import Ledger
from tests.builders import event
from tests.waiting import PATIENCE

GROUP = ("--group", "ledger", "--stop-when-empty")


class Topic:
    """A topic of its own, and that of its dead letters."""

    def __init__(self, server: str) -> None:
        self.name = f"usage{uuid4().hex[:8]}"
        self.server = server
        self.url = f"kafka://{server}/{self.name}"
        self._producer = Producer({"bootstrap.servers": server, "log_level": 0})
        for name in (self.name, f"{self.name}.dead"):
            self._producer.list_topics(name, timeout=PATIENCE)

    def publish(self, *messages: tuple[bytes, dict[str, Any]]) -> None:
        for body, headers in messages:
            self._producer.produce(self.name, body, headers=headers)
        assert self._producer.flush(PATIENCE) == 0

    def publish_large(self, ids: Sequence[str], length: int) -> None:
        """Publish events to one partition, each in a batch of its own and padded."""
        for it in ids:
            body = json.dumps(event(id=it)).encode().ljust(length)
            self._producer.produce(self.name, body, partition=0)
            assert self._producer.flush(PATIENCE) == 0

    def commit(self, group: str, offset: int) -> None:
        """Commit an offset of the first partition for a group."""
        client = Consumer({"bootstrap.servers": self.server, "group.id": group, "log_level": 0})
        client.commit(offsets=[TopicPartition(self.name, 0, offset)], asynchronous=False)
        client.close()

    def dead(self, count: int) -> list[Any]:
        settings = {"bootstrap.servers": self.server, "group.id": "dead", "log_level": 0}
        reader = Consumer(settings | {"auto.offset.reset": "earliest"})
        reader.subscribe([f"{self.name}.dead"])
        found = reader.consume(count, timeout=PATIENCE)
        reader.close()
        return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    brokers = producer.list_topics(timeout=PATIENCE).brokers.values()
    yield ",".join(f"{it.host}:{it.port}" for it in brokers)
    producer.flush()  # the cluster lives as long as its producer


@pytest.fixture
def topic(cluster: str) -> Topic:
    return Topic(cluster)


def test_a_group_begins_at_the_beginning_and_goes_on_where_it_was(
    ledger: Ledger, topic: Topic
) -> None:
    binary = to_binary(cloud_event(id="é"), JSONFormat())
    topic.publish(
        *((json.dumps(event(id=f"m{it}")).encode(), {}) for it in range(20)),
        (binary.value or b"", dict(binary.headers)),
        (b"{broken", {"trace": b"a"}),
    )
    first = ledger.consuming(topic.url, *GROUP)
    assert first.run() == 0, first.errors
    assert ledger.ids() == sorted(["ce:/switch/1|é", *(f"m{it}" for it in range(20))])
    (letter,) = topic.dead(1)
    headers = dict(letter.headers())
    assert (letter.value(), headers["trace"]) == (b"{broken", b"a")
    assert headers["tollbook-code"] == b"unreadable_body"
    assert headers["tollbook-source"].startswith(f"kafka:{topic.name}:".encode())
    topic.publish((json.dumps(event(id="late")).encode(), {}))
    assert ledger.consuming(topic.url, *GROUP).run() == 0
    assert len(ledger.ids()) == 22


def test_a_missing_topic_is_named(ledger: Ledger, cluster: str, topic: Topic) -> None:
    missing = ledger.consuming(topic.url, "--dead-letter", topic.name)
    assert (missing.run(), "must not be the source" in missing.errors) == (2, True)


def test_messages_that_are_gone_end_the_consumer_until_the_gap_is_accepted(
    ledger: Ledger, topic: Topic
) -> None:
    # The test cluster stores 5 MiB of a partition. A consumer that starts takes ten seconds.
    topic.publish_large(["first", *(f"m{it}" for it in range(9))], 900_000)
    # A group of its own: the cluster refuses commits from outside of a group that had members.
    group = ("--group", "gap", "--stop-when-empty")
    topic.commit("gap", 1)
    stopped = ledger.consuming(topic.url, *group)
    assert (stopped.run(), "--accept-gap" in stopped.errors) == (4, True)
    assert ledger.ids() == []
    passed = ledger.consuming(topic.url, *group, "--accept-gap")
    assert passed.run() == 0, passed.errors
    found = ledger.ids()
    assert found == [f"m{it}" for it in range(9 - len(found), 9)]
    assert 0 < len(found) < 9
