"""The queue of the writer: what waits is committed together, and each gets its own outcome."""

from collections.abc import Iterator
from contextlib import closing
from threading import Event, Thread

import pytest

from tests.builders import Json, Platform, event
from tests.waiting import PATIENCE, wait_for
from tollbook.domain.errors import (
    InternalError,
    InvalidRequest,
    NodeUnreachable,
    Problem,
    QueueFull,
    TollbookError,
)
from tollbook.ingest.commit import BatchResult, Submission
from tollbook.ingest.group_commit import Committed, Delivery, GroupCommitter, Outcome, Pending
from tollbook.store.database import Database, open_database
from tollbook.wiring import now


class Request:
    """A submission, and what becomes of it."""

    def __init__(self, submission: Submission, error: Exception | None = None) -> None:
        self.submission = submission
        self.error = error
        self.outcome: Outcome | None = None
        self.prepared = 0

    def prepare(self) -> None:
        self.prepared += 1
        if self.error is not None:
            raise self.error

    @property
    def statuses(self) -> list[str]:
        assert isinstance(self.outcome, BatchResult), self.outcome
        return [it.status.value for it in self.outcome.receipts]


class Writer:
    """A queue on a platform, whose writer can be held between two groups."""

    def __init__(self, platform: Platform, most_waiting: int = 10, most_in_group: int = 4) -> None:
        self.platform = platform
        self.commits: list[Committed] = []
        self.free = Event()
        self.free.set()
        self.held = Event()
        self.queue = GroupCommitter(
            platform.database,
            platform.directory_cache,
            now,
            self._deliver,
            most_waiting,
            most_in_group,
            self.commits.append,
        )

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for waiting, outcome in deliveries:
            assert isinstance(waiting, Request)
            waiting.outcome = outcome
        self.held.set()
        assert self.free.wait(PATIENCE)

    def request(self, *events: Json, atomic: bool = False, **given: Exception) -> Request:
        return Request(self.platform.prepare(*events, atomic=atomic), **given)

    def put(self, *events: Json, atomic: bool = False) -> Request:
        request = self.request(*events, atomic=atomic)
        self.queue.put(request)
        return request

    def hold(self) -> None:
        """Have the writer wait after the group that it has in hand."""
        self.free.clear()
        self.held.clear()
        self.put(event(id=f"holds {len(self.commits)}"))
        assert self.held.wait(PATIENCE)


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


@pytest.fixture
def writer(platform: Platform) -> Iterator[Writer]:
    writer = Writer(platform)
    writer.queue.start()
    yield writer
    writer.free.set()
    if writer.queue.is_alive():
        writer.queue.close()


def calls(name: str, count: int) -> list[Json]:
    return [event(id=f"{name} {n}") for n in range(count)]


def test_each_request_gets_its_own_receipts(writer: Writer) -> None:
    writer.hold()
    one = writer.put(event(id="1"), event(id="2", organization_id="nobody"))
    two = writer.put(event(id="1"))
    writer.free.set()
    wait_for(lambda: two.outcome)
    assert one.statuses == ["accepted", "quarantined"]
    assert two.statuses == ["duplicate"]


def test_what_waits_is_committed_in_groups_of_so_many_events(writer: Writer) -> None:
    writer.hold()
    requests = [writer.put(*calls(name, count)) for name, count in (("a", 2), ("b", 2), ("c", 1))]
    assert writer.queue.events_waiting == 5
    writer.free.set()
    wait_for(lambda: requests[-1].outcome)
    assert [it.statuses for it in requests] == [["accepted"] * 2, ["accepted"] * 2, ["accepted"]]
    wait_for(lambda: [it.events for it in writer.commits] == [1, 4, 1])
    assert writer.queue.events_waiting == 0


def test_a_request_larger_than_a_group_is_a_group(writer: Writer) -> None:
    large = writer.put(*calls("large", 7))
    wait_for(lambda: large.outcome)
    assert large.statuses == ["accepted"] * 7


def test_an_atomic_request_is_alone_in_its_transaction(writer: Writer) -> None:
    writer.hold()
    before = writer.put(event(id="before"))
    atomic = writer.put(event(id="atomic"), event(id="atomic", quantity=1), atomic=True)
    after = writer.put(event(id="after"))
    writer.free.set()
    wait_for(lambda: after.outcome)
    assert (before.statuses, after.statuses) == (["accepted"], ["accepted"])
    assert "accepted" not in atomic.statuses
    assert [it.events for it in writer.commits][:2] == [1, 1]


def test_a_full_queue_takes_nothing_of_a_request(writer: Writer) -> None:
    writer.hold()
    first = writer.put(*calls("first", 9))
    with pytest.raises(QueueFull):
        writer.put(*calls("second", 2))
    third = writer.put(*calls("third", 1))
    writer.free.set()
    wait_for(lambda: third.outcome)
    assert first.statuses == ["accepted"] * 9
    rows = writer.platform.rows("SELECT COUNT(*) FROM events WHERE id_text(id) LIKE 'second%'")
    assert rows == [(0,)]


def test_an_empty_queue_takes_a_request_of_any_size(writer: Writer) -> None:
    writer.hold()
    large = writer.put(*calls("large", 50))
    with pytest.raises(QueueFull):
        writer.put(event(id="one more"))
    writer.free.set()
    wait_for(lambda: large.outcome)


def test_an_idle_writer_prepares_a_request_itself(writer: Writer) -> None:
    request = writer.request(event())
    assert writer.queue.put_if_idle(request)
    wait_for(lambda: request.outcome)
    # On PostgreSQL it comes back once its month is ready, and is prepared again.
    assert request.prepared >= 1
    assert request.statuses == ["accepted"]
    writer.hold()
    assert not writer.queue.put_if_idle(writer.request(event(id="2")))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidRequest.of([Problem("id", "wrong", "id is wrong")]), InvalidRequest),
        (ZeroDivisionError(), InternalError),
    ],
)
def test_a_request_that_cannot_be_prepared_gets_its_error_and_the_next_goes_on(
    writer: Writer, error: Exception, expected: type[TollbookError]
) -> None:
    request = writer.request(event(), error=error)
    assert writer.queue.put_if_idle(request)
    wait_for(lambda: request.outcome)
    assert isinstance(request.outcome, expected)
    after = writer.put(event(id="after"))
    wait_for(lambda: after.outcome)
    assert after.statuses == ["accepted"]
    assert writer.platform.rows("SELECT id_text(id) FROM events") == [("after",)]


def test_a_commit_that_fails_is_every_request_s_answer_and_is_remembered(writer: Writer) -> None:
    assert writer.queue.committed_within(PATIENCE) is None
    one = writer.put(event(id="1"))
    wait_for(lambda: one.outcome)
    assert writer.queue.committed_within(PATIENCE)
    database = writer.platform.database
    with database.writing() as transaction:
        transaction.execute("ALTER TABLE usage_monthly RENAME TO gone")
    two = writer.put(event(id="2"))
    wait_for(lambda: two.outcome)
    assert isinstance(two.outcome, TollbookError)
    assert writer.queue.committed_within(PATIENCE) is False
    assert [it.failed for it in writer.commits] == [False, True]
    with database.writing() as transaction:
        transaction.execute("ALTER TABLE gone RENAME TO usage_monthly")
    three = writer.put(event(id="3"))
    wait_for(lambda: three.outcome)
    assert three.statuses == ["accepted"]
    assert writer.queue.committed_within(PATIENCE)
    assert writer.platform.differences() == []


# PostgreSQL refuses the events of one organization as a coordinator does whose node is away.
NODE_AWAY = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'connection to the remote node failed' USING ERRCODE = '08006'; END $$
"""
AWAY = """
CREATE TRIGGER away BEFORE INSERT ON event_keys FOR EACH ROW
WHEN (NEW.organization_id = {number}) EXECUTE FUNCTION refuse()
"""


def test_organizations_on_other_nodes_are_stored_while_a_node_is_away(
    emptied_postgres_url: str,
) -> None:
    with closing(open_database(emptied_postgres_url)) as database:
        platform = Platform(database)
        platform.organization()
        number = platform.organization("away")
        writer = Writer(platform)
        writer.queue.start()
        try:
            writer.hold()
            with database.writing() as transaction:
                transaction.execute(NODE_AWAY)
                transaction.execute(AWAY.format(number=number))
            away = event(id="a", organization_id="away")
            requests = [writer.put(event(id="1")), writer.put(away), writer.put(event(id="2"))]
            writer.free.set()
            wait_for(lambda: all(it.outcome for it in requests))
        finally:
            writer.free.set()
            writer.queue.close()
        assert isinstance(requests[1].outcome, NodeUnreachable)
        assert requests[0].statuses == requests[2].statuses == ["accepted"]
        assert [it.events for it in writer.commits] == [1, 3]
        assert writer.queue.committed_within(PATIENCE)
        assert platform.differences() == []


def test_what_was_taken_is_finished_before_the_end_and_nothing_more_is_taken(
    writer: Writer,
) -> None:
    requests = [writer.put(event(id=f"{n}")) for n in range(5)]
    writer.queue.close()
    assert [it.statuses for it in requests] == [["accepted"]] * 5
    assert not writer.queue.is_alive()
    with pytest.raises(QueueFull):
        writer.put(event(id="late"))
    assert not writer.queue.put_if_idle(writer.request(event(id="late")))


def test_a_month_without_a_partition_is_finished_after_the_end_has_begun(writer: Writer) -> None:
    writer.hold()
    request = writer.put(event(id="old", time="2021-07-15T10:30:00Z"))
    end = Thread(target=writer.queue.close)
    end.start()
    waiter = writer.queue._partition_waiter._thread
    wait_for(lambda: not waiter.is_alive())
    writer.free.set()
    end.join()
    assert request.statuses == ["accepted"]


def test_a_writer_that_waits_is_not_busy(writer: Writer) -> None:
    assert writer.queue.busy_for() == 0
    writer.hold()
    assert writer.queue.busy_for() > 0
    writer.free.set()
    wait_for(lambda: writer.queue.busy_for() == 0)


def test_a_request_is_what_the_queue_asks_of_one(writer: Writer) -> None:
    pending: Pending = writer.request(event())
    assert len(pending.submission.events) == 1
