"""The loop of a consumer: in which order it stores, publishes and acknowledges."""

from pathlib import Path

import pytest

from tests.brokers.memory import Loop
from tollbook.brokers import consumer as module
from tollbook.brokers.consumer import Exit

pytestmark = pytest.mark.usefixtures("at_once")


def test_messages_are_acknowledged_after_they_are_stored_and_dead_ones_are_published(
    tmp_path: Path,
) -> None:
    loop = Loop(tmp_path, b"a", b"bad", b"b")
    assert loop.run() is Exit.DONE
    assert loop.broker.calls[:5] == ["connect", "fetch 500", "store", "dead m:1", "acknowledge"]
    assert loop.broker.settled == ["m:0", "m:2", "m:1"]
    assert loop.desk.stored == ["m:0", "m:2"]
    assert (loop.messages("stored"), loop.messages("dead"), loop.messages("released")) == (2, 1, 0)
    assert loop.count("tollbook_consume_in_flight") == 0
    assert loop.broker.calls[-1] == "close"


@pytest.mark.parametrize(
    ("batch", "prefetch", "batches"), [(2, 10, [2, 2, 1]), (10, 3, [3, 2]), (5, 5, [5])]
)
def test_a_batch_has_no_more_messages_than_it_may_nor_than_may_be_in_flight(
    tmp_path: Path, batch: int, prefetch: int, batches: list[int]
) -> None:
    loop = Loop(tmp_path, *([b"a"] * 5), batch=batch, prefetch=prefetch)
    assert loop.run() is Exit.DONE
    assert loop.desk.batches == batches


def test_a_batch_waits_for_more_messages_until_it_has_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_SECONDS", 60.0)
    monkeypatch.setattr(module, "MOST_BATCH_BYTES", 6)
    loop = Loop(tmp_path, *([b"aaa"] * 3))
    queue, loop.broker.queue = loop.broker.queue, type(loop.broker.queue)()

    def arrive(call: str) -> None:
        """Have one more message when the consumer looks for it."""
        if call.startswith("fetch") and queue:
            loop.broker.queue.append(queue.popleft())
        elif call.startswith("fetch"):
            loop.consumer.stop()

    loop.broker.when = arrive
    assert loop.run() is Exit.DONE
    assert loop.desk.batches == [2, 1]


def test_an_empty_broker_ends_the_consumer_only_when_nothing_is_left_there(tmp_path: Path) -> None:
    loop = Loop(tmp_path)
    loop.broker.waiting = 3

    def leave(call: str) -> None:
        if loop.broker.calls.count("fetch 500") == 3:
            loop.broker.waiting = 0

    loop.broker.when = leave
    assert loop.run() is Exit.DONE
    assert loop.broker.calls.count("fetch 500") == 3


def test_the_stream_is_created_on_request_only(tmp_path: Path) -> None:
    assert Loop(tmp_path, create=True).run() is Exit.DONE
    created, usual = Loop(tmp_path, create=True), Loop(tmp_path)
    for it in (created, usual):
        it.run()
    assert (created.broker.calls[0], usual.broker.calls[0]) == ("connect create", "connect")
