"""The loop of a consumer: in which order it stores, publishes and acknowledges, whatever fails."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from tests.brokers.memory import MemoryBroker
from tests.waiting import PATIENCE
from tollbook.brokers import consumer as module
from tollbook.brokers.consumer import ConsumeOptions, Consumer, Exit
from tollbook.brokers.dead_letters import letter_of_error
from tollbook.brokers.dead_sender import DeadSender
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.storing import MessageStore, StoredMessage
from tollbook.brokers.transport import (
    ConnectionLost,
    DeadLetterFailed,
    GapFound,
    Message,
    StreamRefused,
)
from tollbook.domain.errors import InvalidApiKey, StoreUnavailable, TollbookError, UnreadableBody


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


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again, and end batches, without waiting."""
    monkeypatch.setattr(module, "pause", lambda _: 0.0)
    monkeypatch.setattr(module, "_BATCH_SECONDS", 0.0)
    monkeypatch.setattr(module, "_FETCH_SECONDS", 0.0)


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


def test_a_lost_connection_is_made_again_and_what_was_in_flight_comes_again(
    tmp_path: Path,
) -> None:
    loop = Loop(tmp_path, b"a", b"b")
    loop.broker.failures["acknowledge"] = [ConnectionLost("gone")]
    loop.broker.failures["connect"] = [None, ConnectionLost("still"), StreamRefused("not yet")]
    assert loop.run() is Exit.DONE
    assert loop.desk.stored == ["m:0", "m:1", "m:0", "m:1"]  # the ledger knows duplicates
    assert loop.broker.settled == ["m:0", "m:1"]
    assert loop.broker.calls.count("connect") == 4
    assert loop.count("tollbook_consume_reconnects_total") == 1
    assert loop.count("tollbook_consume_in_flight") == 0


def test_a_broker_that_is_away_at_start_is_waited_for(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"a")
    loop.broker.failures["connect"] = [ConnectionLost("away"), ConnectionLost("away")]
    assert loop.consumer.problem() == "the broker cannot be reached"
    assert loop.run() is Exit.DONE
    assert loop.broker.calls[:5] == ["connect", "close", "connect", "close", "connect"]
    assert loop.consumer.problem() is None
    assert loop.desk.stored == ["m:0"]


def test_a_stream_that_is_refused_at_start_is_an_error(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"a")
    loop.broker.failures["connect"] = [StreamRefused("there is no stream")]
    with pytest.raises(StreamRefused, match="there is no stream"):
        loop.run()
    assert loop.broker.calls[-1] == "close"


@pytest.mark.parametrize(
    ("failure", "code"), [(InvalidApiKey(), Exit.KEY_REVOKED), (GapFound("lost"), Exit.GAP)]
)
def test_what_only_an_operator_can_mend_ends_the_consumer_and_acknowledges_nothing(
    tmp_path: Path, failure: Any, code: Exit
) -> None:
    loop = Loop(tmp_path, b"a")
    if code is Exit.GAP:
        loop.broker.failures["fetch"] = [failure]
    else:
        loop.desk.failures = [failure]
    assert loop.run() is code
    assert loop.broker.settled == []
    assert loop.broker.calls[-1] == "close"


def test_a_database_that_is_away_is_tried_again_while_messages_are_held(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"a", held_seconds=60.0)
    loop.desk.failures = [StoreUnavailable("it is away"), StoreUnavailable("it is away")]
    problems: list[str | None] = []
    loop.broker.when = lambda _: problems.append(loop.consumer.problem())
    assert loop.run() is Exit.DONE
    assert loop.desk.batches == [1, 1, 1]
    assert loop.broker.released == []
    assert loop.broker.settled == ["m:0"]
    assert loop.consumer.problem() is None


def test_messages_are_released_after_a_time_and_nothing_is_fetched_until_it_answers(
    tmp_path: Path,
) -> None:
    loop = Loop(tmp_path, b"a", b"b", held_seconds=0.0)
    loop.desk.failures = [StoreUnavailable("it is away")]
    loop.ready = [False, False, True]
    assert loop.run() is Exit.DONE
    assert loop.broker.calls[:5] == ["connect", "fetch 500", "store", "release", "fetch 500"]
    assert loop.broker.released == ["m:0", "m:1"]
    assert loop.broker.settled == ["m:0", "m:1"]
    assert (loop.messages("released"), loop.messages("stored")) == (2, 2)
    assert loop.ready == [True]


def test_the_database_s_absence_is_the_consumer_s_problem(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"a", held_seconds=0.0)
    loop.desk.failures = [StoreUnavailable("it is away")]
    loop.ready = [False]
    problems: list[str | None] = []

    def look(call: str) -> None:
        if call == "release":
            problems.append(loop.consumer.problem())
            loop.consumer.stop()

    loop.broker.when = look
    assert loop.run() is Exit.DONE
    assert problems == ["the database cannot be written"]


def test_a_dead_letter_that_is_not_confirmed_keeps_its_message_until_it_is(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"bad", b"a")
    loop.broker.failures["dead"] = [DeadLetterFailed("no"), DeadLetterFailed("no")]
    assert loop.run() is Exit.DONE
    assert loop.broker.settled == ["m:1", "m:0"]
    assert [it.message.source for it in loop.broker.dead] == ["m:0"]
    assert loop.count("tollbook_consume_dead_letter_failures_total") == 2


def test_with_nothing_but_such_letters_in_flight_nothing_is_fetched(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"bad", b"a", prefetch=1)
    loop.broker.failures["dead"] = [DeadLetterFailed("no"), DeadLetterFailed("no")]
    assert loop.run() is Exit.DONE
    assert loop.broker.calls[:7] == [
        *("connect", "fetch 1", "store", "dead m:0"),
        *("dead m:0", "dead m:0", "acknowledge"),
    ]
    assert loop.broker.settled == ["m:0", "m:1"]


def test_a_consumer_that_is_stopped_finishes_its_batch_and_releases_the_rest(
    tmp_path: Path,
) -> None:
    loop = Loop(tmp_path, b"a", b"bad", stop_when_empty=False)
    loop.broker.failures["dead"] = [DeadLetterFailed("no")]
    loop.broker.when = lambda call: loop.consumer.stop() if call == "acknowledge" else None
    assert loop.run() is Exit.DONE
    assert loop.broker.settled == ["m:0"]
    assert loop.broker.released == ["m:1"]
    assert loop.messages("released") == 1
    assert loop.broker.calls[-2:] == ["release", "close"]


def test_one_that_is_stopped_before_it_is_connected_does_nothing(tmp_path: Path) -> None:
    loop = Loop(tmp_path, b"a")
    loop.consumer.stop()
    assert loop.run() is Exit.DONE
    assert loop.broker.calls == ["close"]


def test_a_broker_that_never_answers_is_a_lost_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.01)
    loop = Loop(tmp_path, b"a")
    answers = [asyncio.Event()]

    async def never_once(messages: Sequence[Message]) -> None:
        if answers:
            await answers.pop().wait()
        await MemoryBroker.acknowledge(loop.broker, messages)

    monkeypatch.setattr(loop.broker, "acknowledge", never_once)
    assert loop.run() is Exit.DONE
    assert loop.desk.stored == ["m:0", "m:0"]
    assert loop.broker.settled == ["m:0"]
    assert loop.count("tollbook_consume_reconnects_total") == 1


def test_messages_are_held_while_they_are_stored_and_a_failing_hold_changes_nothing(
    tmp_path: Path,
) -> None:
    loop = Loop(tmp_path, b"a")
    loop.broker.hold_seconds = 0.0
    loop.broker.failures["hold"] = [ConnectionLost("the next fetch reports it")]
    held = threading.Event()
    loop.broker.when = lambda call: held.set() if loop.broker.calls.count("hold") == 2 else None
    store = loop.desk.store

    def store_slowly(messages: Sequence[Message]) -> list[StoredMessage]:
        assert held.wait(PATIENCE)
        return store(messages)

    loop.desk.store = store_slowly  # type: ignore[method-assign]
    assert loop.run() is Exit.DONE
    assert loop.broker.settled == ["m:0"]
    assert loop.broker.calls.count("connect") == 1
