"""The mail address of an erased user, and the deliveries of a deleted organization."""

from typing import Any

import pytest

from tests.store.directories import AT, organization
from tests.store.outbox import REFUSED, Outbox
from tollbook.domain.directory import User
from tollbook.domain.endpoints import contact_id
from tollbook.store import address_erasure, directory, endpoints, mail
from tollbook.store.database import Transaction
from tollbook.store.deliveries import DeliveryKey, Lane

ANN, BEN = "Ann@Acme.example", "ben@acme.example"


@pytest.fixture
def number(transaction: Transaction) -> int:
    number = organization(transaction, tenant="a")
    directory.add_user(transaction, number, User("ann", "Ann", ANN), AT)
    directory.add_user(transaction, number, User("ben", "Ben", None), AT)
    return number


@pytest.fixture
def outbox(transaction: Transaction, number: int) -> Outbox:
    assert number
    return Outbox(transaction, "a")


def addresses(outbox: Outbox) -> dict[str, tuple[str, ...]]:
    found = endpoints.list_endpoints(outbox.transaction, outbox.tenant, with_contacts=True)
    return {it.id: it.addresses for it in found}


def rows(outbox: Outbox, columns: str, table: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant ORDER BY {columns}"
    return [tuple(it) for it in outbox.transaction.rows(sql, tenant=outbox.tenant)]


def erase(outbox: Outbox, number: int, user: str = "ann") -> None:
    address_erasure.erase_user_address(outbox.transaction, number, user)


def test_an_address_leaves_all_endpoints_of_the_tenant(outbox: Outbox, number: int) -> None:
    outbox.mail(ANN.lower(), BEN, identity="end_1")
    outbox.mail(ANN.upper(), identity="end_2", organization=number)
    outbox.mail(ANN, identity=contact_id(number), organization=number)
    outbox.mail(BEN, f"x{ANN}", identity="end_3")
    other = Outbox(outbox.transaction, "b")
    other.mail(ANN)
    erase(outbox, number)
    assert addresses(outbox) == {
        "end_1": (BEN,),
        "end_2": (),
        "end_3": (BEN, f"x{ANN}"),
        contact_id(number): (),
    }
    assert addresses(other) == {"end_1": (ANN,)}


def test_what_waits_for_the_address_is_discarded_under_another_name(
    outbox: Outbox, number: int
) -> None:
    outbox.mail(ANN, BEN)
    waiting, at_once = outbox.deliver(1, address=ANN), outbox.deliver(2, address=ANN, send_now=True)
    done, other = outbox.deliver(3, address=ANN), outbox.deliver(1, address=BEN)
    outbox.attempt(done)
    erase(outbox, number)
    assert outbox.status(other) == "pending"
    found = rows(outbox, "sequence, status, send_now, address", "deliveries")
    by_sequence = {it[0]: it for it in found if it[3] != BEN}
    assert [by_sequence[it][1:3] for it in (1, 2, 3)] == [
        ("discarded", 0),
        ("discarded", 0),
        ("delivered", 0),
    ]
    (name,) = {it[3] for it in by_sequence.values()}
    assert name.startswith("erased-")
    assert ANN.lower() not in repr(found).lower()
    assert waiting.sequence < at_once.sequence


def test_what_a_server_answered_about_the_address_goes(outbox: Outbox, number: int) -> None:
    outbox.mail(ANN, BEN)
    for address in (ANN, BEN):
        outbox.attempt(outbox.deliver(1, address=address), outcome=REFUSED)
    erase(outbox, number)
    found = rows(outbox, "address, excerpt", "delivery_attempts")
    assert {it[1] for it in found if it[0] != BEN} == {""}
    assert (BEN, "out of order") in found
    assert ANN not in {it[0] for it in found}


def test_an_address_that_left_its_endpoint_before_is_erased_too(
    outbox: Outbox, number: int
) -> None:
    outbox.mail(BEN)
    outbox.attempt(outbox.deliver(1, address=ANN.lower()))
    outbox.attempt(outbox.deliver(2, address=ANN.upper()))
    erase(outbox, number)
    names = {it[0] for it in rows(outbox, "address", "deliveries")}
    assert len(names) == 2
    assert all(it.startswith("erased-") for it in names)


def test_nobody_knows_who_has_unsubscribed(outbox: Outbox, number: int) -> None:
    outbox.mail(ANN, BEN)
    for address in (ANN, BEN):
        mail.unsubscribe(outbox.transaction, Lane("a", "end_1", address), AT)
    erase(outbox, number)
    assert mail.list_unsubscribed(outbox.transaction, "a", "end_1") == [BEN]


def test_the_same_address_at_another_tenant_stays(outbox: Outbox, number: int) -> None:
    other = Outbox(outbox.transaction, "b")
    for box in (outbox, other):
        box.mail(ANN)
        box.attempt(box.deliver(1, address=ANN), outcome=REFUSED)
        mail.unsubscribe(box.transaction, Lane(box.tenant, "end_2", ANN), AT)
    erase(outbox, number)
    assert rows(other, "address, status", "deliveries") == [(ANN, "pending")]
    assert rows(other, "address, excerpt", "delivery_attempts") == [(ANN, "out of order")]
    assert mail.list_unsubscribed(other.transaction, "b", "end_2") == [ANN]
    assert mail.list_unsubscribed(outbox.transaction, "a", "end_2") == []


def test_a_user_of_the_same_id_elsewhere_keeps_the_address(outbox: Outbox, number: int) -> None:
    second = organization(outbox.transaction, "org_2", "a")
    directory.add_user(outbox.transaction, second, User("ben", "Ben", BEN), AT)
    outbox.mail(BEN)
    erase(outbox, number, "ben")
    assert addresses(outbox) == {"end_1": (BEN,)}
    erase(outbox, second, "ben")
    assert addresses(outbox) == {"end_1": ()}


@pytest.mark.parametrize("user", ["ben", "nobody"])
def test_a_user_without_an_address_changes_nothing(outbox: Outbox, number: int, user: str) -> None:
    outbox.mail(ANN)
    key = outbox.deliver(1, address=ANN)
    erase(outbox, number, user)
    assert addresses(outbox) == {"end_1": (ANN,)}
    assert outbox.status(key) == "pending"


def test_the_deliveries_of_an_organization_go_with_it(outbox: Outbox, number: int) -> None:
    outbox.mail(BEN, identity="end_1", organization=number)
    outbox.mail(BEN, identity=contact_id(number), organization=number)
    outbox.mail(BEN, identity="end_2")
    outbox.mail(BEN, identity="end_3", organization=number + 1)
    kept = list[DeliveryKey]()
    for endpoint in addresses(outbox):
        key = outbox.deliver(1, endpoint, BEN)
        outbox.attempt(key)
        mail.unsubscribe(outbox.transaction, key.lane, AT)
        kept += [key] * (endpoint in ("end_2", "end_3"))
    address_erasure.remove_deliveries_of(outbox.transaction, "a", number)
    wanted = [(it.lane.endpoint,) for it in kept]
    for table in ("deliveries", "delivery_attempts", "unsubscribed_addresses"):
        assert rows(outbox, "endpoint_id", table) == wanted


def test_an_organization_without_endpoints_has_no_deliveries(outbox: Outbox, number: int) -> None:
    outbox.mail(BEN)
    outbox.deliver(1, address=BEN)
    address_erasure.remove_deliveries_of(outbox.transaction, "a", number)
    assert rows(outbox, "endpoint_id", "deliveries") == [("end_1",)]
