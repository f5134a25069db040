"""Which deliveries are due, in which order, and what is stored of their attempts."""

import pytest

from tests.store.directories import AT
from tests.store.outbox import DELIVERED, REFUSED, Outbox
from tollbook.domain.deliveries import DeliveryProgress, DeliveryStatus
from tollbook.domain.endpoints import EndpointStatus
from tollbook.store import deliveries
from tollbook.store.database import Transaction
from tollbook.store.deliveries import DeliveryKey, Lane

LATER = AT + 100


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    outbox = Outbox(transaction)
    outbox.endpoint()
    return outbox


def lanes(outbox: Outbox, now: int = AT, limit: int = 100) -> list[Lane]:
    return deliveries.due_lanes(outbox.transaction, now, limit)


def singles(outbox: Outbox, now: int = AT, limit: int = 100) -> list[DeliveryKey]:
    return deliveries.due_singles(outbox.transaction, now, limit)


def sequences(outbox: Outbox, lane: Lane, limit: int = 100) -> list[int]:
    return [it.key.sequence for it in deliveries.deliveries_of(outbox.transaction, lane, limit)]


@pytest.mark.parametrize(("now", "is_due"), [(AT - 1, False), (AT, True), (AT + 1, True)])
def test_a_delivery_is_due_from_its_instant_on(outbox: Outbox, now: int, is_due: bool) -> None:
    key = outbox.deliver(1)
    assert lanes(outbox, now) == ([key.lane] if is_due else [])


def test_a_lane_waits_for_its_first_delivery(outbox: Outbox) -> None:
    first, second = outbox.deliver(1, now=LATER), outbox.deliver(2)
    assert lanes(outbox) == []
    assert lanes(outbox, LATER) == [first.lane]
    assert sequences(outbox, first.lane) == [1, 2]
    outbox.attempt(first, status=DeliveryStatus.FAILED, outcome=REFUSED)
    assert lanes(outbox) == [second.lane]
    assert sequences(outbox, first.lane) == [2]


def test_addresses_of_an_endpoint_are_lanes_of_their_own(outbox: Outbox) -> None:
    late, due = outbox.deliver(1, address="a", now=LATER), outbox.deliver(1, address="b")
    assert lanes(outbox) == [due.lane]
    assert sequences(outbox, late.lane) == [1]
    assert due.lane == Lane(outbox.tenant, "end_1", "b")


def test_lanes_come_in_the_order_in_which_they_are_due(outbox: Outbox) -> None:
    for identity, at in (("end_2", AT - 5), ("end_3", AT - 9), ("end_0", AT - 5)):
        outbox.endpoint(identity)
        outbox.deliver(1, identity, now=at)
    outbox.deliver(1)
    found = [it.endpoint for it in lanes(outbox)]
    assert found == ["end_3", "end_0", "end_2", "end_1"]
    assert [it.endpoint for it in lanes(outbox, limit=2)] == ["end_3", "end_0"]


@pytest.mark.parametrize("status", [it for it in EndpointStatus if it != EndpointStatus.ENABLED])
def test_only_enabled_endpoints_are_sent_to(outbox: Outbox, status: EndpointStatus) -> None:
    outbox.endpoint("end_2", status=status)
    outbox.deliver(1, "end_2")
    outbox.deliver(2, "end_2", send_now=True)
    outbox.deliver(1, "removed")
    assert lanes(outbox) == []
    assert singles(outbox) == []


def test_what_is_sent_at_once_holds_up_nothing(outbox: Outbox) -> None:
    first, second = outbox.deliver(1, now=LATER, send_now=True), outbox.deliver(2)
    assert lanes(outbox) == [second.lane]
    assert sequences(outbox, first.lane) == [2]
    assert singles(outbox) == [first]


def test_what_is_set_aside_is_due_alone(outbox: Outbox) -> None:
    first, second = outbox.deliver(1), outbox.deliver(2)
    outbox.attempt(first, outcome=REFUSED, set_aside=True, next_attempt_at=LATER)
    assert sequences(outbox, first.lane) == [2]
    assert singles(outbox, LATER - 1) == []
    assert singles(outbox, LATER) == [first]
    outbox.attempt(first, LATER, attempts=2, set_aside=True)
    assert singles(outbox, LATER) == []
    assert lanes(outbox) == [second.lane]


def test_what_is_sent_at_once_comes_before_what_is_set_aside(outbox: Outbox) -> None:
    aside, earlier, now = (outbox.deliver(it, now=AT - it) for it in (1, 2, 3))
    for key in (aside, earlier):
        outbox.attempt(key, outcome=REFUSED, set_aside=True, next_attempt_at=AT - key.sequence)
    at_once = outbox.deliver(4, now=LATER, send_now=True)
    assert singles(outbox) == [at_once, earlier, aside]
    assert singles(outbox, limit=1) == [at_once]
    assert now not in singles(outbox)


def test_a_due_delivery_has_its_notification_and_its_progress(outbox: Outbox) -> None:
    key = outbox.deliver(7, number=outbox.notify("a", AT + 3, at=5, data={"käse": 1}))
    outbox.attempt(
        key, AT + 9, REFUSED, attempts=3, failures=2, first_attempt_at=AT, next_attempt_at=LATER
    )
    (found,) = deliveries.deliveries_of(outbox.transaction, key.lane, 10)
    assert deliveries.find_due(outbox.transaction, key) == [found]
    assert found.key == key
    assert not found.send_now
    assert found.progress == DeliveryProgress(DeliveryStatus.PENDING, 3, 2, False, AT, LATER)
    it = found.notification
    assert (it.tenant, it.number, it.at, it.data) == (outbox.tenant, 1, 5, '{"käse":1}')
    assert (it.type, it.written_at, it.id[:4]) == ("trigger.reached", AT + 3, "ntf_")


def test_a_lane_is_read_in_order_up_to_a_limit(outbox: Outbox) -> None:
    for sequence in (10, 9, 2, 1):
        outbox.deliver(sequence)
    other = Outbox(outbox.transaction, "other")
    other.deliver(3)
    lane = Lane(outbox.tenant, "end_1", "")
    assert sequences(outbox, lane) == [1, 2, 9, 10]
    assert sequences(outbox, lane, 3) == [1, 2, 9]
    assert deliveries.find_due(outbox.transaction, DeliveryKey(lane, 3)) == []


def attempts(outbox: Outbox) -> list[tuple[object, ...]]:
    return [
        tuple(it)
        for it in outbox.transaction.rows(
            "SELECT sequence, attempt, at, milliseconds, status, code, excerpt "
            "FROM delivery_attempts WHERE tenant_id = :tenant ORDER BY sequence, attempt",
            tenant=outbox.tenant,
        )
    ]


def test_an_attempt_is_stored_with_its_result(outbox: Outbox) -> None:
    key = outbox.deliver(1)
    outbox.attempt(key, AT, REFUSED, next_attempt_at=LATER)
    outbox.attempt(key, LATER, attempts=2)
    assert attempts(outbox) == [
        (1, 1, AT, 30, 500, "http_status", "out of order"),
        (1, 2, LATER, 30, 200, None, ""),
    ]
    assert outbox.status(key) == "delivered"
    assert lanes(outbox, LATER) == []


def test_an_attempt_that_is_recorded_again_changes_nothing(outbox: Outbox) -> None:
    key = outbox.deliver(1)
    row = outbox.attempt(key, AT, REFUSED)
    before = outbox.row(key)
    deliveries.record_attempts(outbox.transaction, [row, row])
    assert outbox.row(key) == before
    assert len(attempts(outbox)) == 1


def test_the_first_delivery_keeps_its_instant(outbox: Outbox) -> None:
    key = outbox.deliver(1)
    outbox.attempt(key, AT + 1)
    outbox.attempt(key, AT + 2, attempts=2)
    (row,) = outbox.transaction.rows("SELECT delivered_at, last_status FROM deliveries")
    assert tuple(row) == (AT + 1, 200)


@pytest.mark.parametrize(
    ("outcome", "expected"), [(REFUSED, "discarded"), (DELIVERED, "delivered")]
)
def test_what_was_discarded_meanwhile_stays_so_unless_it_arrived(
    outbox: Outbox, outcome: object, expected: str
) -> None:
    key = outbox.deliver(1)
    outbox.transaction.execute("UPDATE deliveries SET status = 'discarded'")
    outbox.attempt(key, AT, outcome)  # type: ignore[arg-type]
    assert outbox.status(key) == expected


def test_an_attempt_of_a_delivery_that_is_gone_is_not_stored(outbox: Outbox) -> None:
    outbox.attempt(DeliveryKey(Lane(outbox.tenant, "end_1", "erased"), 1))
    assert attempts(outbox) == []


def test_waiting_notifications_come_by_tenant_in_the_order_written(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "a first tenant")
    outbox.notify("x")
    other.notify("x", organization=7, to_organization=True, to_tenant=False)
    outbox.notify("y", endpoint_ids=("end_1",))
    found = deliveries.waiting_notifications(outbox.transaction, 10)
    assert [(it.tenant, it.number) for it in found] == [
        (other.tenant, 1),
        (outbox.tenant, 1),
        (outbox.tenant, 2),
    ]
    assert found[0][2:] == ("trigger.reached", 7, 0, 1, None)
    assert found[2][2:] == ("trigger.reached", None, 1, 0, '["end_1"]')
    assert deliveries.waiting_notifications(outbox.transaction, 2) == found[:2]
    deliveries.mark_fanned_out(outbox.transaction, found[1:2])
    assert deliveries.waiting_notifications(outbox.transaction, 10) == [found[0], found[2]]


def test_the_backlog_is_what_waits_for_enabled_endpoints(outbox: Outbox) -> None:
    for status in (EndpointStatus.FAILING, EndpointStatus.GONE, EndpointStatus.DISABLED):
        outbox.endpoint(status.value, status=status)
        outbox.deliver(1, status.value, now=AT - 10**9)
    outbox.attempt(outbox.deliver(1, now=AT - 5))
    outbox.deliver(2, now=AT - 3_000_000)
    outbox.deliver(3, now=AT)
    (row,) = outbox.transaction.rows(deliveries._BACKLOG)
    assert tuple(row) == (2, AT - 3_000_000)
    assert outbox.transaction.integer(deliveries._DISABLED) == 2
