"""The sums that triggers are computed from, compared with additions of the same events."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import product

import pytest

from tests.store.directories import organization, reserved
from tests.store.staged import quarantined, record, reverse, staged
from tollbook.store import triggers, watched_sums
from tollbook.store.database import Transaction
from tollbook.store.staging import Staged
from tollbook.store.watched_sums import MeterSum, Range, WatchedOrganization

JANUARY, FEBRUARY, MARCH = 202401, 202402, 202403
QUARTER = Range(JANUARY, MARCH)
CALL, TEXT = 5, 1


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction, currency="USD")


def events(number: int) -> list[Staged]:
    """Two months of two users with two meters, each event of another quantity and cost."""
    places = product((20240131, 20240201, 20240229, 20240301), ("ann", "ben", ""), (CALL, TEXT))
    return [
        staged(
            number,
            f"{place} {again}",
            day=day,
            user_id=user,
            meter=meter,
            quantity=10 ** (place % 7) + again,
            cost=3**place,
        )
        for again in range(2)
        for place, (day, user, meter) in enumerate(places)
    ]


def added(
    rows: Iterable[Staged], place: Callable[[Staged], int], *, by_user: bool
) -> list[MeterSum]:
    """Add events up, without a database."""
    found: dict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        sums = found[row.billed_user_id if by_user else "", place(row), row.meter]
        for at, value in enumerate((1, row.quantity, row.cost)):
            sums[at] += value
    return sorted(MeterSum(*key, *sums) for key, sums in found.items())


def day(row: Staged) -> int:
    return row.day


def month(row: Staged) -> int:
    return row.day // 100


def hour(row: Staged) -> int:
    return row.hour


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        (watched_sums.ORGANIZATION_DAYS, day),
        (watched_sums.ORGANIZATION_MONTHS, month),
        (watched_sums.ORGANIZATION_HOURS, hour),
    ],
)
def test_the_sums_of_an_organization_are_those_of_its_events(
    transaction: Transaction, number: int, sql: str, place: Callable[[Staged], int]
) -> None:
    rows = events(number)
    record(transaction, *rows, staged(organization(transaction, "org_2"), "other"))
    found = watched_sums.organization_sums(transaction, sql, number, QUARTER)
    assert sorted(found) == added(rows, place, by_user=False)


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        (watched_sums.USER_DAYS, day),
        (watched_sums.USER_MONTHS, month),
        (watched_sums.USER_HOURS, hour),
    ],
)
def test_the_sums_of_users_are_those_of_their_events(
    transaction: Transaction, number: int, sql: str, place: Callable[[Staged], int]
) -> None:
    rows = events(number)
    record(transaction, *rows, staged(organization(transaction, "org_2"), "other"))
    found = watched_sums.user_sums(transaction, sql, number, ["ann", "nobody"], QUARTER)
    of_ann = [row for row in rows if row.user_id == "ann"]
    assert sorted(found) == added(of_ann, place, by_user=True)


@pytest.mark.parametrize(
    ("places", "days"),
    [
        (Range(JANUARY, JANUARY, 20240101, 20240131), {20240131}),
        (Range(FEBRUARY, FEBRUARY), {20240201, 20240229}),
        (Range(JANUARY, MARCH, 20240201, 20240301), {20240201, 20240229, 20240301}),
        (Range(JANUARY, MARCH, 20240202, 20240228), set()),
        (Range(JANUARY, MARCH, 20240229, 20240229), {20240229}),
    ],
)
def test_both_ends_of_a_range_belong_to_it(
    transaction: Transaction, number: int, places: Range, days: set[int]
) -> None:
    record(transaction, *events(number))
    whole = watched_sums.organization_sums(
        transaction, watched_sums.ORGANIZATION_DAYS, number, places
    )
    of_users = watched_sums.user_sums(
        transaction, watched_sums.USER_DAYS, number, ["ann", "ben"], places
    )
    of_tenant = watched_sums.tenant_days(transaction, "default", "", places)
    assert {it.place for it in whole} == days
    assert {it.place for it in of_users} == days
    assert sorted(of_tenant) == sorted(whole)


def test_the_days_of_a_tenant_are_those_of_one_currency_or_all(transaction: Transaction) -> None:
    made = [
        ("x", "a", "USD", 1),
        ("y", "a", "EUR", 20),
        ("z", "a", "USD", 300),
        ("x", "b", "USD", 9),
    ]
    for identity, tenant, currency, cost in made:
        number = organization(transaction, identity, tenant, currency=currency)
        record(transaction, staged(number, identity, cost=cost))

    def costs(tenant: str, currency: str) -> list[tuple[int, int]]:
        found = watched_sums.tenant_days(transaction, tenant, currency, QUARTER)
        return [(it.events, it.cost) for it in found]

    assert costs("a", "USD") == [(2, 301)]
    assert costs("a", "EUR") == [(1, 20)]
    assert costs("a", "") == [(3, 321)]
    assert costs("a", "GBP") == []
    assert costs("b", "") == [(1, 9)]


def test_a_reversed_event_leaves_the_sums_of_its_hour_at_zero(
    transaction: Transaction, number: int
) -> None:
    row = staged(number, "a")
    record(transaction, row)
    reverse(transaction, row)
    for sql in (watched_sums.USER_HOURS, watched_sums.USER_DAYS):
        (found,) = watched_sums.user_sums(transaction, sql, number, ["ann"], QUARTER)
        assert (found.events, found.quantity, found.cost) == (0, 0, 0)


def archive(transaction: Transaction, row: Staged) -> None:
    """Store an event as archives keep its sums."""
    transaction.execute(
        "INSERT INTO archived_sums (organization_id, month, user_id, meter, day, hour, country, "
        "tier_key, resource_id, events, count, quantity, billed, cost) VALUES (:number, :month, "
        ":user, :meter, :day, :hour, '', '', '', 1, 1, :quantity, 0, :cost)",
        number=row.organization_id,
        month=row.day // 100,
        user=row.user_id,
        meter=row.meter,
        day=row.day,
        hour=row.hour,
        quantity=row.quantity,
        cost=row.cost,
    )


def test_the_hours_of_a_user_include_archived_events(transaction: Transaction, number: int) -> None:
    kept = staged(number, "a", day=20240201)
    archived = [kept._replace(id="b", cost=5), staged(number, "c", day=20240131, cost=9)]
    record(transaction, kept)
    for row in (*archived, kept._replace(id="d", user_id="ben")):
        archive(transaction, row)
    found = watched_sums.user_sums(transaction, watched_sums.USER_HOURS, number, ["ann"], QUARTER)
    assert sorted(found) == added([kept, *archived], hour, by_user=True)
    february = Range(FEBRUARY, FEBRUARY, kept.hour, kept.hour)
    (only,) = watched_sums.user_sums(
        transaction, watched_sums.USER_HOURS, number, ["ann"], february
    )
    assert (only.place, only.cost) == (kept.hour, kept.cost + 5)


def test_any_number_of_users_is_read_each_once(
    transaction: Transaction, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_sums, "_MOST_USERS", 2)
    users = [f"user {it}" for it in range(5)]
    record(transaction, *(staged(number, it, user_id=it) for it in users))
    found = watched_sums.user_sums(transaction, watched_sums.USER_DAYS, number, users, QUARTER)
    assert [it.user_id for it in found] == users


def test_an_organization_without_events_has_no_sums(transaction: Transaction, number: int) -> None:
    for sql in (watched_sums.USER_DAYS, watched_sums.USER_MONTHS, watched_sums.USER_HOURS):
        assert list(watched_sums.user_sums(transaction, sql, number, ["ann"], QUARTER)) == []
    assert watched_sums.tenant_days(transaction, "default", "", QUARTER) == []


def test_sums_past_64_bits_are_exact(transaction: Transaction, number: int) -> None:
    most = 2**62
    for at in range(3):
        record(transaction, staged(number, f"{at}", cost=most + at))
    (found,) = watched_sums.tenant_days(transaction, "default", "USD", QUARTER)
    assert found.cost == 3 * most + 3
    (of_user,) = watched_sums.user_sums(
        transaction, watched_sums.USER_HOURS, number, ["ann"], QUARTER
    )
    assert of_user.cost == 3 * most + 3


def test_ledgers_are_watched_of_tenants_with_triggers(transaction: Transaction) -> None:
    numbers = [organization(transaction, it, "a", timezone="Asia/Tokyo") for it in ("y", "x")]
    unused, unknown = organization(transaction, "z", "a"), reserved(transaction, "u", "a")
    other = organization(transaction, "x", "b")
    record(transaction, *(staged(it) for it in (*numbers, other)), quarantined(unknown))
    assert unused not in numbers
    assert watched_sums.watched_organizations(transaction) == []
    triggers.change_triggers_token(transaction, "a")
    found = watched_sums.watched_organizations(transaction)
    assert sorted(it.id for it in found) == ["x", "y"]
    assert {(it.tenant, it.timezone, it.currency) for it in found} == {("a", "Asia/Tokyo", "USD")}
    assert all(it.token for it in found)
    every = watched_sums.organizations_of_tenant(transaction, "a")
    assert [(it.id, it.token) for it in every] == [("x", 0), ("y", 0), ("z", 0)]
    assert unknown not in [it.number for it in every]
    (of_b,) = watched_sums.organizations_of_tenant(transaction, "b")
    assert of_b == WatchedOrganization("b", other, 0, "UTC", "USD", "x")
