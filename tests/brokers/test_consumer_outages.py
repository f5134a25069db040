"""The loop of a consumer while the broker or the database is away."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.memory import Loop, MemoryBroker
from tests.waiting import PATIENCE
from tollbook.brokers import consumer as module
from tollbook.brokers.consumer import Exit
from tollbook.brokers.storing import StoredMessage
from tollbook.brokers.transport import (
    ConnectionLost,
    DeadLetterFailed,
    GapFound,
    Message,
    StreamRefused,
)
from tollbook.domain.errors import InvalidApiKey, StoreUnavailable

pytestmark = pytest.mark.usefixtures("at_once")


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
