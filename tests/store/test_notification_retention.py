"""Notifications have increasing numbers and times, and are deleted when they are old."""

import pytest

from tests.alerts.builders import notification
from tests.store.directories import AT
from tests.store.outbox import Outbox
from tollbook.store import deliveries, notifications
from tollbook.store.database import Transaction
from tollbook.store.deliveries import DeliveryKey


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    return Outbox(transaction)


def written(outbox: Outbox) -> list[tuple[int, int]]:
    return [
        (number, written_at)
        for number, written_at in outbox.transaction.rows(
            "SELECT number, written_at FROM notifications WHERE tenant_id = :tenant "
            "ORDER BY number",
            tenant=outbox.tenant,
        )
    ]


def fan_out(outbox: Outbox) -> None:
    found = deliveries.waiting_notifications(outbox.transaction, 100)
    deliveries.mark_fanned_out(outbox.transaction, found)


def test_a_clock_that_is_behind_writes_the_time_before(outbox: Outbox) -> None:
    for occasion, now in enumerate((5, 9, 7, 9, 10)):
        outbox.notify(occasion, now)
    assert written(outbox) == [(1, 5), (2, 9), (3, 9), (4, 9), (5, 10)]


def test_the_clock_of_a_tenant_is_its_own(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    outbox.notify(1, 9)
    other.notify(1, 5)
    assert (written(outbox), written(other)) == ([(1, 9)], [(1, 5)])


def test_a_repeat_leaves_a_gap_and_no_number_comes_twice(outbox: Outbox) -> None:
    outbox.notify("a")
    outbox.notify("a")
    assert outbox.notify("b") == 3
    assert [number for number, _ in written(outbox)] == [1, 3]


def test_the_last_number_is_0_before_the_first_notification(outbox: Outbox) -> None:
    assert notifications.hold_numbers(outbox.transaction, outbox.tenant) == 0
    outbox.notify("a")
    assert notifications.hold_numbers(outbox.transaction, outbox.tenant) == 1
    assert notifications.hold_numbers(outbox.transaction, "other") == 0


def test_notifications_of_several_tenants_keep_the_order_of_each(outbox: Outbox) -> None:
    found = [notification(n, tenant=f"t{n % 2}", at=n) for n in range(6)]
    notifications.add_notifications(outbox.transaction, found, AT)
    for tenant in ("t0", "t1"):
        rows = outbox.transaction.rows(
            "SELECT number, at % 2, at FROM notifications WHERE tenant_id = :tenant "
            "ORDER BY number",
            tenant=tenant,
        )
        parity = int(tenant[1])
        assert [tuple(row) for row in rows] == [
            (place, parity, 2 * (place - 1) + parity) for place in (1, 2, 3)
        ]


def counts(outbox: Outbox) -> list[int]:
    tables = ("notifications", "deliveries", "delivery_attempts")
    return [outbox.transaction.integer(f"SELECT COUNT(*) FROM {it}") for it in tables]


def test_old_notifications_are_deleted_with_their_deliveries_and_attempts(outbox: Outbox) -> None:
    for day in (1, 2, 3):
        number = outbox.notify(day, day)
        for address in ("a", "b"):
            outbox.attempt(outbox.deliver(day, address=address, number=number))
    fan_out(outbox)
    assert counts(outbox) == [3, 6, 6]
    assert notifications.remove_before(outbox.transaction, 1, 10) == 0
    assert notifications.remove_before(outbox.transaction, 3, 10) == 2
    assert written(outbox) == [(3, 3)]
    assert counts(outbox) == [1, 2, 2]


def test_what_is_not_fanned_out_is_kept(outbox: Outbox) -> None:
    outbox.notify("a", 1)
    fan_out(outbox)
    outbox.notify("b", 2)
    assert notifications.remove_before(outbox.transaction, 9, 10) == 1
    assert written(outbox) == [(2, 2)]


def test_notifications_are_deleted_a_few_at_a_time(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "a first tenant")
    for box in (outbox, other):
        for occasion in range(3):
            box.notify(occasion, 1)
    fan_out(outbox)
    assert notifications.remove_before(outbox.transaction, 9, 4) == 4
    assert (written(other), written(outbox)) == ([], [(2, 1), (3, 1)])
    assert notifications.remove_before(outbox.transaction, 9, 4) == 2
    assert notifications.remove_before(outbox.transaction, 9, 4) == 0


def test_deliveries_of_the_same_number_of_another_tenant_stay(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    outbox.notify("a", 1)
    other.notify("a", 5)
    for box in (outbox, other):
        box.attempt(box.deliver(1, number=1))
    fan_out(outbox)
    for box in (outbox, other):
        box.attempt(box.deliver(2, number=2))
    assert notifications.remove_before(outbox.transaction, 5, 10) == 1
    assert counts(outbox) == [1, 3, 3]


def waiting(outbox: Outbox) -> list[DeliveryKey]:
    return [
        outbox.deliver(sequence, address=address, now=AT + sequence)
        for sequence in (1, 2)
        for address in ("a", "b")
    ]


def test_what_waits_since_before_an_instant_expires(outbox: Outbox) -> None:
    keys = waiting(outbox)
    at_once = outbox.deliver(0, now=AT, send_now=True)
    done = outbox.deliver(9, now=AT)
    outbox.attempt(done)
    assert notifications.expire_before(outbox.transaction, AT, 10) == 0
    assert notifications.expire_before(outbox.transaction, AT + 2, 10) == 3
    assert [outbox.status(key) for key in keys] == ["expired", "expired", "pending", "pending"]
    assert outbox.row(at_once)[:2] == ("expired", 0)
    assert outbox.status(done) == "delivered"


def test_only_the_old_delivery_of_a_sequence_expires(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    old = outbox.deliver(1, now=AT)
    fresh = [
        outbox.deliver(1, "end_2", now=AT + 5),
        outbox.deliver(1, address="a", now=AT + 5),
        outbox.deliver(2, now=AT + 5),
        other.deliver(1, now=AT + 5),
    ]
    assert notifications.expire_before(outbox.transaction, AT + 1, 10) == 1
    assert outbox.status(old) == "expired"
    assert {outbox.status(key) for key in fresh} == {"pending"}


def test_deliveries_expire_a_few_at_a_time(outbox: Outbox) -> None:
    keys = waiting(outbox)
    expired = [notifications.expire_before(outbox.transaction, AT + 9, 3) for _ in range(3)]
    assert expired == [3, 1, 0]
    assert {outbox.status(key) for key in keys} == {"expired"}
