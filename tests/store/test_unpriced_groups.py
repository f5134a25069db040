"""Groups of events without a price: one for each organization, meter, country and code."""

from typing import Any

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import quarantined, record
from tollbook.domain.quarantine import CODES, UNPRICED
from tollbook.store import quarantine, unpriced_groups
from tollbook.store.database import Transaction
from tollbook.store.unpriced_groups import GroupKey, GroupStatus, UnpricedGroup


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction)


def groups(transaction: Transaction, limit: int = 100) -> list[UnpricedGroup]:
    return unpriced_groups.new_groups(transaction, limit)


def keys(transaction: Transaction) -> list[tuple[Any, ...]]:
    return [(it.meter, it.country, it.code) for it in groups(transaction)]


@pytest.mark.parametrize("code", CODES)
def test_only_reasons_that_a_price_removes_make_groups(
    transaction: Transaction, number: int, code: str
) -> None:
    record(transaction, quarantined(number, code=code))
    assert [it.code for it in groups(transaction)] == ([code] if code in UNPRICED else [])


def test_a_group_is_every_event_of_a_meter_country_and_code(
    transaction: Transaction, number: int
) -> None:
    record(
        transaction,
        quarantined(number, "1"),
        quarantined(number, "2", user_id="ben"),
        quarantined(number, "3", country="FR"),
        quarantined(number, "4", country=""),
        quarantined(number, "5", meter=1),
        quarantined(number, "6", code="no_price_book"),
    )
    assert sorted(keys(transaction)) == [
        (1, "GB", "no_price"),
        (5, "", "no_price"),
        (5, "FR", "no_price"),
        (5, "GB", "no_price"),
        (5, "GB", "no_price_book"),
    ]


def test_a_group_names_one_of_its_first_events(transaction: Transaction, number: int) -> None:
    record(transaction, quarantined(number, "b"), quarantined(number, "c"), now=AT)
    record(transaction, quarantined(number, "a"), now=AT + 5)
    (found,) = groups(transaction)
    assert found == ("default", "org_1", number, 5, "GB", "no_price", "b", AT)


def test_new_groups_come_by_tenant_organization_and_age(transaction: Transaction) -> None:
    numbers = {
        (tenant, identity): organization(transaction, identity, tenant)
        for tenant, identity in (("b", "x"), ("a", "y"), ("a", "x"))
    }
    for at, (place, country) in enumerate(
        [(("b", "x"), "FR"), (("a", "x"), "GB"), (("a", "y"), "GB"), (("a", "x"), "FR")]
    ):
        row = quarantined(numbers[place], country, country=country)
        record(transaction, row, now=AT + at)
    found = [(it.tenant, it.organization_id, it.country) for it in groups(transaction)]
    assert found == [("a", "y", "GB"), ("a", "x", "GB"), ("a", "x", "FR"), ("b", "x", "FR")]
    assert groups(transaction, 2) == groups(transaction)[:2]


def test_a_notified_group_is_not_new(transaction: Transaction, number: int) -> None:
    record(transaction, *(quarantined(number, it, country=it) for it in ("DE", "FR", "GB")))
    german, french, _ = groups(transaction)
    marks = [(german, GroupStatus.ALONE), (french, GroupStatus.AMONG_REST)]
    unpriced_groups.set_status(transaction, marks)
    assert [it.country for it in groups(transaction)] == ["GB"]
    found = [unpriced_groups.count_groups(transaction, number, it) for it in GroupStatus]
    assert found == [1, 1, 1]
    record(transaction, quarantined(number, "again", country="DE"))
    assert [it.country for it in groups(transaction)] == ["GB"]


def leave(transaction: Transaction, number: int, *ids: str) -> None:
    found = [quarantine.find(transaction, number, it) for it in ids]
    events = [it for it in found if it is not None]
    assert len(events) == len(ids)
    codes = {(it.number, it.id): it.code for it in events}
    quarantine.discard(transaction, events, codes)


def test_a_group_is_empty_when_its_last_event_has_left(
    transaction: Transaction, number: int
) -> None:
    record(transaction, quarantined(number, "1"), quarantined(number, "2"))
    record(transaction, quarantined(number, "3", country="FR"))
    assert unpriced_groups.with_left_events(transaction) == []
    leave(transaction, number, "1")
    assert unpriced_groups.with_left_events(transaction) == [number]
    assert unpriced_groups.empty_groups(transaction, number) == []
    leave(transaction, number, "2")
    empty = [GroupKey(number, 5, "GB", "no_price")]
    assert unpriced_groups.empty_groups(transaction, number) == empty
    unpriced_groups.remove_groups(transaction, number, empty)
    assert keys(transaction) == [(5, "FR", "no_price")]
    assert unpriced_groups.with_left_events(transaction) == []


def test_a_group_that_was_not_marked_is_not_searched(transaction: Transaction, number: int) -> None:
    record(transaction, quarantined(number, "1"), quarantined(number, "2", code="no_price_book"))
    leave(transaction, number, "1")
    (found,) = unpriced_groups.empty_groups(transaction, number)
    assert found.code == "no_price"


def test_a_group_comes_again_after_it_was_removed(transaction: Transaction, number: int) -> None:
    record(transaction, quarantined(number, "1"))
    unpriced_groups.set_status(transaction, [(groups(transaction)[0], GroupStatus.ALONE)])
    leave(transaction, number, "1")
    empty = unpriced_groups.empty_groups(transaction, number)
    unpriced_groups.remove_groups(transaction, number, empty)
    record(transaction, quarantined(number, "2"), now=AT + 9)
    assert [(it.event_id, it.since) for it in groups(transaction)] == [("2", AT + 9)]


def test_marks_of_other_organizations_stay(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "org_2")
    record(transaction, quarantined(number, "1"), quarantined(other, "1"))
    unpriced_groups.mark_left(transaction, [(number, "no_price"), (other, "no_price")])
    unpriced_groups.remove_groups(transaction, number, [])
    assert unpriced_groups.with_left_events(transaction) == [other]


@pytest.mark.parametrize(("code", "marked"), [("no_price", True), ("invalid_days", False)])
def test_only_groups_of_the_code_that_left_are_marked(
    transaction: Transaction, number: int, code: str, marked: bool
) -> None:
    record(transaction, quarantined(number, "1"))
    unpriced_groups.mark_left(transaction, [(number, code), (number, "no_price_book")])
    assert unpriced_groups.with_left_events(transaction) == ([number] if marked else [])


def test_an_event_with_another_reason_is_in_another_group(
    transaction: Transaction, number: int
) -> None:
    record(transaction, quarantined(number, "1"), quarantined(number, "2", code="invalid_days"))
    first = quarantine.find(transaction, number, "1")
    second = quarantine.find(transaction, number, "2")
    assert first is not None
    assert second is not None
    codes = {(number, "1"): "no_price", (number, "2"): "invalid_days"}
    changed = [first._replace(code="no_price_book"), second._replace(code="no_price")]
    quarantine.give_reasons(transaction, changed, codes, AT + 5)
    found = {(it.code, it.event_id, it.since) for it in groups(transaction)}
    assert found == {("no_price", "1", AT), ("no_price_book", "1", AT + 5)}
    assert unpriced_groups.empty_groups(transaction, number) == []


def test_groups_of_other_organizations_and_meters_stay(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2")
    record(
        transaction,
        quarantined(number, "1"),
        quarantined(number, "2", meter=1),
        quarantined(other, "1"),
    )
    leave(transaction, number, "1")
    assert unpriced_groups.with_left_events(transaction) == [number]
    empty = [GroupKey(number, 5, "GB", "no_price")]
    assert unpriced_groups.empty_groups(transaction, number) == empty
    assert unpriced_groups.empty_groups(transaction, other) == []
    first = groups(transaction)[0]
    unpriced_groups.set_status(transaction, [(first, GroupStatus.ALONE)])
    unpriced_groups.remove_groups(transaction, number, empty)
    assert [(it.number, it.meter) for it in groups(transaction)] == [(other, 5)]
    assert unpriced_groups.count_groups(transaction, number, GroupStatus.ALONE) == 1


def test_only_the_groups_of_the_named_events_are_added(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2")
    rows = [quarantined(it, identity) for it in (number, other) for identity in ("1", "2")]
    record(transaction, *rows, quarantined(number, "3", country="FR"))
    keys_of = [GroupKey(*it[2:6]) for it in groups(transaction)]
    for it in (number, other):
        unpriced_groups.remove_groups(transaction, it, [key for key in keys_of if key.number == it])
    assert groups(transaction) == []
    unpriced_groups.add_groups_of(transaction, [(number, "1"), (number, "unknown")], AT + 5)
    assert [(it.number, it.country, it.since) for it in groups(transaction)] == [
        (number, "GB", AT + 5)
    ]
