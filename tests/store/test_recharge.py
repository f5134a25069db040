"""A day that is charged again has the sums of a ledger that was charged so from the start."""

from typing import Any

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import record, reverse, staged
from tollbook.domain.rerating import RerateRange
from tollbook.store import ledger, recharge
from tollbook.store.database import Transaction
from tollbook.store.recharge import OrganizationDay
from tollbook.store.recharge_table import Recharged, StoredCharge
from tollbook.store.rollups import KEYS, SUMS
from tollbook.store.staging import Staged

DAY, RUN = 20240115, 1
NEW = StoredCharge(cost=7, billed=90, rate_id=3, buy=2, position=None, tier_key=None)


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction)


def charge_of(row: Staged) -> StoredCharge:
    return StoredCharge(row.cost, row.billed, row.rate_id, row.buy, row.position, row.tier_key)


def recharged(row: Staged, after: StoredCharge) -> Recharged:
    sign = -1 if row.reverses else 1
    facts = row.id, row.billed_user_id, row.meter, row.hour, row.country, sign
    return Recharged(*facts, charge_of(row), after)


def with_charge(row: Staged, charge: StoredCharge) -> Staged:
    return row._replace(**charge._asdict())


def store(transaction: Transaction, *rows: Staged) -> None:
    """Store rows, with their positions in tiers."""
    ledger.record_in_order(transaction, rows, AT, lambda found: found)
    transaction.execute("DELETE FROM staging")


def sums(transaction: Transaction, number: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return all sums of an organization, and its positions in tiers."""
    found = {}
    for table, keys in KEYS.items():
        columns = ", ".join((*keys[1:], *SUMS))
        sql = f"SELECT {columns} FROM {table} WHERE organization_id = :number"
        found[table] = sorted(tuple(it) for it in transaction.rows(sql, number=number))
    sql = "SELECT month, tier_key, quantity FROM tier_positions WHERE organization_id = :number"
    found["tier_positions"] = sorted(tuple(it) for it in transaction.rows(sql, number=number))
    return found


def events(transaction: Transaction, place: OrganizationDay) -> dict[str, StoredCharge]:
    return {it.id: it.charge for some in recharge.events(transaction, place) for it in some}


CHARGES = (
    StoredCharge(122_000_000, 61_000_000, None, None, None, None),
    StoredCharge(0, 0, None, None, None, None),
    StoredCharge(5, 1, 3, 0, None, None),
    StoredCharge(5, 1, 3, 4, None, None),
    StoredCharge(7, 10, 4, None, 20, "voice"),
    StoredCharge(9, 30, 4, 2, 0, "other"),
)


@pytest.mark.parametrize("after", CHARGES)
@pytest.mark.parametrize("before", CHARGES)
def test_sums_are_those_of_the_new_charge(
    transaction: Transaction, number: int, before: StoredCharge, after: StoredCharge
) -> None:
    other = organization(transaction, "org_2")
    kept = [staged(number, "kept", cost=1), staged(number, "later", day=20240116, meter=1)]
    row = with_charge(staged(number, "a"), before)
    store(transaction, row, *kept)
    place = OrganizationDay(number, DAY)
    recharge.recharge(transaction, place, [recharged(row, after)], RUN)
    moved = [it._replace(organization_id=other) for it in (with_charge(row, after), *kept)]
    store(transaction, *moved)
    assert sums(transaction, number) == sums(transaction, other)
    assert events(transaction, place)["a"] == after


def test_rows_of_other_users_countries_and_hours_keep_their_sums(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2")
    rows = [
        staged(number, "1"),
        staged(number, "2", user_id="ben"),
        staged(number, "3", country="FR", meter=1),
        staged(number, "4", billed_user_id=""),
        staged(number, "5", hour=staged(number).hour + 60),
    ]
    store(transaction, *rows)
    changed = [recharged(row, NEW) for row in rows[1:4]]
    recharge.recharge(transaction, OrganizationDay(number, DAY), changed, RUN)
    wanted = [rows[0], *(with_charge(it, NEW) for it in rows[1:4]), rows[4]]
    store(transaction, *(it._replace(organization_id=other) for it in wanted))
    assert sums(transaction, number) == sums(transaction, other)


def test_a_reversal_is_charged_again_with_its_event(transaction: Transaction, number: int) -> None:
    row = staged(number, "a", buy=4)
    store(transaction, row)
    (back,) = reverse(transaction, row)
    changed = [recharged(row, NEW), recharged(back, NEW.reversed)]
    recharge.recharge(transaction, OrganizationDay(number, DAY), changed, RUN)
    for table, found in sums(transaction, number).items():
        assert all(not any(it[-len(SUMS) :]) for it in found if table in KEYS)
    (found,) = recharge.reversals(transaction, OrganizationDay(number, DAY), RUN).values()
    assert found.event.id == "back a"
    assert found.event.charge == NEW.reversed
    assert found.kept == charge_of(back)


def test_a_reversal_that_a_run_left_has_no_earlier_charge(
    transaction: Transaction, number: int
) -> None:
    row = staged(number, "a")
    store(transaction, row)
    reverse(transaction, row)
    (found,) = recharge.reversals(transaction, OrganizationDay(number, DAY), RUN).values()
    assert found.kept is None
    assert recharge.reversals(transaction, OrganizationDay(number, DAY + 1)) == {}


def test_a_run_keeps_the_charges_before(transaction: Transaction, number: int) -> None:
    rows = [staged(number, it, time=staged(number).time - at) for at, it in enumerate("abc")]
    store(transaction, *rows)
    place = OrganizationDay(number, DAY)
    recharge.recharge(transaction, place, [recharged(it, NEW) for it in rows[:2]], RUN)
    ((*found,),) = recharge.recharged_events(transaction, place, RUN)
    assert [(it.id, it.charge, kept) for it, kept in found] == [
        ("b", NEW, charge_of(rows[1])),
        ("a", NEW, charge_of(rows[0])),
    ]
    assert list(recharge.recharged_events(transaction, place, RUN + 1)) == []


def test_a_day_is_read_in_chunks_by_time_and_id(
    transaction: Transaction, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.store.database.CHUNK", 2)
    noon = staged(number).time
    times = {"e": noon - 1, "a": noon, "d": noon, "b": noon, "f": noon + 1, "c": noon + 2}
    store(transaction, *(staged(number, it, time=at) for it, at in times.items()))
    chunks = recharge.events(transaction, OrganizationDay(number, DAY))
    assert [[it.id for it in some] for some in chunks] == [["e", "a"], ["b", "d"], ["f", "c"]]


def test_a_revert_keeps_nothing_and_restores_everything(
    transaction: Transaction, number: int
) -> None:
    row = staged(number, "a", buy=4, tier_key="voice", position=0)
    store(transaction, row)
    place, before = OrganizationDay(number, DAY), sums(transaction, number)
    recharge.recharge(transaction, place, [recharged(row, NEW)], RUN)
    assert sums(transaction, number) != before
    again = recharged(with_charge(row, NEW), charge_of(row))
    recharge.recharge(transaction, place, [again], None)
    assert sums(transaction, number) == before
    assert events(transaction, place) == {"a": charge_of(row)}


def test_sums_may_be_moved_without_the_events(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "org_2")
    row = staged(number, "a")
    store(transaction, row)
    place = OrganizationDay(number, DAY)
    recharge.move_sums(transaction, place, [recharged(row, NEW)])
    store(transaction, with_charge(row, NEW)._replace(organization_id=other))
    assert sums(transaction, number) == sums(transaction, other)
    assert events(transaction, place) == {"a": charge_of(row)}


def test_a_month_that_other_events_count_in_keeps_its_position(
    transaction: Transaction, number: int
) -> None:
    tiers = {"tier_key": "voice", "position": 0}
    rows = [staged(number, "a", **tiers), staged(number, "b", day=20240131, billed=0, **tiers)]
    store(transaction, *rows)
    recharge.recharge(transaction, OrganizationDay(number, DAY), [recharged(rows[0], NEW)], RUN)
    assert sums(transaction, number)["tier_positions"] == [(202401, "voice", 0)]


def test_the_position_before_a_run_counts_each_event_once(
    transaction: Transaction, number: int
) -> None:
    tiers = {"tier_key": "voice", "position": 0}
    rows = [
        staged(number, "a", billed=10, **tiers),
        staged(number, "b", billed=200, **tiers),
        staged(number, "c", billed=3_000, day=20240131, **tiers),
        staged(number, "d", billed=40_000, day=20240201, **tiers),
        staged(number, "e", billed=500_000),
    ]
    other = staged(organization(transaction, "org_2"), "a", billed=6_000_000, **tiers)
    store(transaction, *rows, other)
    place = OrganizationDay(number, DAY)
    changed = [
        recharged(rows[0], NEW),
        recharged(rows[4], NEW._replace(tier_key="voice", position=0)),
    ]
    recharge.recharge(transaction, place, changed, RUN)
    assert ledger.position(transaction, number, 202401, "voice") == 200 + 3_000 + 90
    assert recharge.counted_before(transaction, place, RUN, "voice") == 10 + 200 + 3_000
    assert recharge.counted_before(transaction, place, RUN + 1, "voice") == 3_290
    assert recharge.counted_before(transaction, place, RUN, "other") == 0


def test_days_are_found_in_order_through_all_organizations(transaction: Transaction) -> None:
    first, empty, second, other = (
        organization(transaction, identity, tenant)
        for identity, tenant in (("x", "a"), ("y", "a"), ("z", "a"), ("x", "b"))
    )
    usage = {first: (20240110, 20240220), second: (20240105,), other: (20240106,)}
    for number, days in usage.items():
        record(transaction, *(staged(number, f"{it}", day=it) for it in days))
    span, place = RerateRange(20240101, 20240220), OrganizationDay(0, 0)
    found = list[OrganizationDay]()
    while following := recharge.next_place(transaction, "a", span, place):
        found.append(following)
        place = following
    assert found == [(first, 20240110), (first, 20240220), (second, 20240105)]
    assert empty not in [it.organization for it in found]
    narrow = RerateRange(20240111, 20240219)
    assert recharge.next_place(transaction, "a", narrow, OrganizationDay(0, 0)) is None
    only = RerateRange(20240101, 20240131, first)
    start = recharge.next_place(transaction, "a", only, OrganizationDay(0, 0))
    assert start == (first, 20240110)
    assert recharge.next_place(transaction, "a", only, OrganizationDay(first, 20240110)) is None


def test_the_events_of_a_range_are_counted_with_reversals(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2")
    rows = [staged(number, f"{it}", day=it) for it in (20240110, 20240131, 20240201)]
    record(transaction, *rows, staged(other, "x"))
    reverse(transaction, rows[0])

    def expected(first: int, last: int, only: int | None = None) -> int:
        return recharge.expected(transaction, "default", RerateRange(first, last, only))

    assert expected(20240101, 20240131) == 4
    assert expected(20240101, 20240131, number) == 3
    assert expected(20240111, 20240131, number) == 1
    assert expected(20240111, 20240201, number) == 2
    assert expected(20240110, 20240110, other) == 0
