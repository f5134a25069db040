"""Deliveries that are sent again: of one notification, to every address that still wants it."""

import pytest

from tests.store.directories import AT
from tests.store.outbox import Outbox
from tollbook.domain.endpoints import EndpointKind
from tollbook.store import deliveries, mail
from tollbook.store.database import Database, Transaction
from tollbook.store.deliveries import DeliveryBacklog, Lane


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    return Outbox(transaction)


def resend(outbox: Outbox, endpoint: object, number: int) -> bool:
    sql = "SELECT id FROM notifications WHERE tenant_id = :tenant AND number = :number"
    row = outbox.transaction.row(sql, tenant=outbox.tenant, number=number)
    identity = row[0] if row else "ntf_unknown"
    return deliveries.mark_resent(outbox.transaction, endpoint, identity)  # type: ignore[arg-type]


def test_one_notification_is_sent_again_to_each_address(outbox: Outbox) -> None:
    endpoint = outbox.mail("a@x.example", "b@x.example")
    first, second = outbox.notify(1), outbox.notify(2)
    keys = [
        outbox.deliver(number, address=address, number=number)
        for number in (first, second)
        for address in endpoint.addresses
    ]
    for key in keys:
        outbox.attempt(key)
    assert resend(outbox, endpoint, second)
    assert [outbox.row(key).send_now for key in keys] == [0, 0, 1, 1]
    assert deliveries.due_singles(outbox.transaction, AT, 10) == keys[2:]


def test_an_address_that_has_unsubscribed_or_was_removed_gets_nothing(outbox: Outbox) -> None:
    endpoint = outbox.mail("a@x.example", "b@x.example")
    number = outbox.notify(1)
    addresses = (*endpoint.addresses, "removed@x.example")
    keys = [outbox.deliver(1, address=it, number=number) for it in addresses]
    mail.unsubscribe(outbox.transaction, Lane(outbox.tenant, "end_1", "a@x.example"), AT)
    assert resend(outbox, endpoint, number)
    assert [outbox.row(key).send_now for key in keys] == [0, 1, 0]
    mail.unsubscribe(outbox.transaction, Lane(outbox.tenant, "end_1", "b@x.example"), AT)
    assert not resend(outbox, endpoint, number)


def test_another_tenant_with_the_same_names_is_left_alone(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    endpoint, numbers = outbox.endpoint(), [it.notify(1) for it in (outbox, other)]
    mine, theirs = outbox.deliver(1, number=numbers[0]), other.deliver(1, number=numbers[1])
    again = outbox.deliver(2)
    assert resend(outbox, endpoint, numbers[0])
    found = [outbox.row(mine).send_now, other.row(theirs).send_now, outbox.row(again).send_now]
    assert found == [1, 0, 0]
    outbox.attempt(mine)
    assert [outbox.status(mine), outbox.status(again), other.status(theirs)] == [
        "delivered",
        "pending",
        "pending",
    ]


def test_a_webhook_is_sent_to_again_without_an_address(outbox: Outbox) -> None:
    endpoint = outbox.endpoint()
    key = outbox.deliver(1, number=outbox.notify(1))
    outbox.attempt(key)
    assert resend(outbox, endpoint, 1)
    assert outbox.row(key).send_now == 1
    outbox.attempt(key, AT + 5, attempts=2)
    assert outbox.row(key)[:4] == ("delivered", 0, 0, 2)


def test_a_notification_that_the_endpoint_never_got_is_not_sent(outbox: Outbox) -> None:
    endpoint, other = outbox.endpoint(), outbox.endpoint("end_2")
    outbox.deliver(1, number=outbox.notify(1))
    assert not resend(outbox, other, 1)
    assert not resend(outbox, endpoint, 2)


def test_an_endpoint_without_addresses_gets_nothing(outbox: Outbox) -> None:
    endpoint = outbox.mail()
    assert endpoint.kind is EndpointKind.MAIL
    outbox.deliver(1, number=outbox.notify(1))
    assert not resend(outbox, endpoint, 1)


@pytest.mark.parametrize(("now", "seconds"), [(AT, 0), (AT + 1_500_000, 1.5), (AT - 5, 0)])
def test_the_age_of_a_backlog_is_in_seconds(
    kept_sqlite: Database, monkeypatch: pytest.MonkeyPatch, now: int, seconds: float
) -> None:
    monkeypatch.setattr(deliveries, "_BACKLOG", f"SELECT 3, {AT}")
    assert deliveries.measure_backlog(kept_sqlite, now) == DeliveryBacklog(3, seconds, 0)


def test_nothing_waits_in_an_empty_database(kept_sqlite: Database) -> None:
    assert deliveries.measure_backlog(kept_sqlite, AT) == DeliveryBacklog(0, 0, 0)
