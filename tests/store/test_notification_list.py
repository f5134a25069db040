"""Notifications as they are listed: filters, pages, and what became of them at each endpoint."""

from typing import Any

import pytest

from tests.store.directories import AT
from tests.store.outbox import REFUSED, Outbox
from tollbook.domain.notifications import NotificationType
from tollbook.store import notification_list
from tollbook.store.database import Transaction
from tollbook.store.notification_list import NEWEST, ListedNotification, NotificationFilter


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    return Outbox(transaction)


def listed(
    outbox: Outbox, before: int = NEWEST, limit: int = 100, **only: Any
) -> list[ListedNotification]:
    return notification_list.list_notifications(
        outbox.transaction, outbox.tenant, NotificationFilter(**only), before, limit
    )


def numbers(outbox: Outbox, before: int = NEWEST, limit: int = 100, **only: Any) -> list[int]:
    return [it.number for it in listed(outbox, before, limit, **only)]


def test_notifications_are_listed_before_a_place_the_newest_first(outbox: Outbox) -> None:
    for occasion in range(5):
        outbox.notify(occasion)
    Outbox(outbox.transaction, "other").notify(1)
    assert numbers(outbox) == [5, 4, 3, 2, 1]
    assert numbers(outbox, limit=2) == [5, 4]
    assert numbers(outbox, before=4, limit=2) == [3, 2]
    assert numbers(outbox, before=1) == []


def test_a_notification_is_listed_as_it_was_written(outbox: Outbox) -> None:
    outbox.notify(
        "x",
        type=NotificationType.BUDGET_REACHED,
        at=AT + 3,
        data={"größe": [1, None]},
        organization=7,
        user_id="ann",
        trigger_id="trg_1",
    )
    (found,) = listed(outbox)
    assert found.id.startswith("ntf_")
    assert found[2:] == (
        "budget.reached",
        AT + 3,
        7,
        "ann",
        "trg_1",
        '{"größe":[1,null]}',
    )


@pytest.fixture
def varied(outbox: Outbox) -> Outbox:
    """1: of the tenant; 2 and 3: of organization 7; 4: of organization 8."""
    outbox.notify("1", at=AT, type=NotificationType.KEY_EXPIRING)
    outbox.notify(
        "2",
        at=AT + 1,
        organization=7,
        to_organization=True,
        user_id="ann",
        trigger_id="trg_1",
        meter="voice.call",
    )
    outbox.notify("3", at=AT + 2, organization=7, trigger_id="trg_2", meter="sms.outbound")
    outbox.notify("4", at=AT + 3, organization=8, to_organization=True, user_id="ann")
    outbox.deliver(1, number=2)
    outbox.deliver(1, "end_2", number=2)
    outbox.attempt(outbox.deliver(2, number=4))
    other = Outbox(outbox.transaction, "other")
    other.attempt(other.deliver(1, number=3))
    return outbox


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"organization": 7}, [3, 2]),
        ({"organization": 7, "only_own": 1}, [2]),
        ({"organization": 9}, []),
        ({"only_own": 1}, [4, 3, 2, 1]),
        ({"user": "ann"}, [4, 2]),
        ({"user": "ann", "organization": 8}, [4]),
        ({"type": "key.expiring"}, [1]),
        ({"trigger": "trg_2"}, [3]),
        ({"meters": ("voice.call", "mms.inbound")}, [2]),
        ({"meters": ("voice.call", "sms.outbound")}, [3, 2]),
        ({"start": AT + 1}, [4, 3, 2]),
        ({"end": AT + 1}, [1]),
        ({"start": AT + 1, "end": AT + 3}, [3, 2]),
        ({"start": 0, "end": 0}, []),
        ({"status": "pending"}, [2]),
        ({"status": "delivered"}, [4]),
        ({"status": "failed"}, []),
    ],
)
def test_notifications_are_filtered(
    varied: Outbox, only: dict[str, object], expected: list[int]
) -> None:
    assert numbers(varied, **only) == expected


def test_all_notifications_come_in_chunks(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_list, "_CHUNK", 3)
    for occasion in range(6):
        outbox.notify(occasion, user_id="ann" if occasion else "ben")
    everything = notification_list.all_notifications(
        outbox.transaction, outbox.tenant, NotificationFilter(user="ann")
    )
    assert [[it.number for it in chunk] for chunk in everything] == [[6, 5, 4], [3, 2]]


def test_a_notification_has_its_deliveries_in_a_fixed_order(outbox: Outbox) -> None:
    first, second, third = (outbox.notify(it) for it in range(3))
    outbox.mail("b", "a", identity="end_2", name="Team")
    outbox.endpoint("end_1", name="Billing")
    for endpoint, address in (("end_2", "b"), ("removed", ""), ("end_2", "a"), ("end_1", "")):
        key = outbox.deliver(1, endpoint, address, number=first)
    outbox.attempt(key, AT + 9, REFUSED, attempts=2, next_attempt_at=AT + 50)
    outbox.attempt(outbox.deliver(2, "end_2", "a", number=second), AT + 7)
    found = notification_list.deliveries_of(
        outbox.transaction, outbox.tenant, [first, second, third]
    )
    assert [(it.endpoint_id, it.address, it.name, it.kind) for it in found[first]] == [
        ("end_1", "", "Billing", "webhook"),
        ("end_2", "a", "Team", "mail"),
        ("end_2", "b", "Team", "mail"),
        ("removed", "", None, None),
    ]
    refused, delivered = found[first][0], found[second][0]
    assert refused[6:] == ("pending", 2, 500, "http_status", AT + 50, None)
    assert delivered[6:] == ("delivered", 1, 200, None, AT, AT + 7)
    assert found[third] == []
    assert notification_list.deliveries_of(outbox.transaction, outbox.tenant, []) == {}
    assert notification_list.deliveries_of(outbox.transaction, "other", [first]) == {first: []}


def places(outbox: Outbox, place: tuple[int, str], limit: int = 100) -> list[tuple[int, str]]:
    rows = notification_list.list_deliveries(
        outbox.transaction, outbox.tenant, "end_1", place, limit
    )
    return [(it.sequence, it.address) for it in rows]


def test_the_deliveries_of_an_endpoint_are_pages(outbox: Outbox) -> None:
    for sequence in (1, 2, 3):
        for address in ("c", "a", "b"):
            outbox.deliver(sequence, address=address)
    outbox.deliver(9, "end_2")
    every = [(sequence, address) for sequence in (3, 2, 1) for address in "abc"]
    assert places(outbox, (NEWEST, "")) == every
    for size in (1, 2, 4, 9):
        found, place = list[tuple[int, str]](), (NEWEST, "")
        while page := places(outbox, place, size):
            found += page
            place = page[-1]
        assert found == every


def test_a_delivery_of_an_endpoint_names_its_notification(outbox: Outbox) -> None:
    number = outbox.notify("x", type=NotificationType.USAGE_SILENT)
    outbox.attempt(outbox.deliver(1, number=number), AT + 7)
    (found,) = notification_list.list_deliveries(
        outbox.transaction, outbox.tenant, "end_1", (NEWEST, ""), 10
    )
    (notification,) = listed(outbox)
    assert found == (1, "", notification.id, "usage.silent", "delivered", 1, 200, None, AT, AT + 7)


def test_attempts_are_listed_by_delivery_in_order(outbox: Outbox) -> None:
    keys = [outbox.deliver(1, address=it) for it in ("a", "b")] + [outbox.deliver(2, address="a")]
    for attempt in (2, 1):
        for key in keys:
            outbox.attempt(key, AT + attempt, REFUSED, attempts=attempt)
    found = notification_list.attempts_of(outbox.transaction, outbox.tenant, "end_1", [1, 5])
    assert {place: [it.attempt for it in of] for place, of in found.items()} == {
        (1, "a"): [1, 2],
        (1, "b"): [1, 2],
    }
    assert found[1, "a"][1] == (1, "a", 2, AT + 2, 30, 500, "http_status", "out of order")
    for tenant, endpoint, sequences in (
        (outbox.tenant, "end_1", []),
        ("other", "end_1", [1]),
        (outbox.tenant, "end_2", [1]),
    ):
        others = notification_list.attempts_of(outbox.transaction, tenant, endpoint, sequences)
        assert others == {}
