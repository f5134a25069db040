"""The sums of archived events, compared with additions of the same events."""

from collections import defaultdict
from itertools import pairwise

import pytest

from tests.store.conftest import MONTHS
from tests.store.directories import AT, organization
from tests.store.staged import record, reverse, staged
from tollbook.store import archive_files, archives, events
from tollbook.store.archive_files import Archived
from tollbook.store.archives import Month
from tollbook.store.database import Transaction
from tollbook.store.engine import Row
from tollbook.store.staging import Staged

JANUARY = MONTHS[0]


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction)


def month(number: int, of: int = JANUARY) -> Month:
    return Month(number, "org_1", of)


def file(number: int, of: int = JANUARY) -> Archived:
    return Archived(number, of, 0, "x.parquet", "/archive", 1, 1, "c", AT)


def rows(number: int) -> list[Staged]:
    """Events of all kinds, several of each, as they may be in one month."""
    kinds = (
        {},
        {"user_id": "ben"},
        {"meter": 12},
        {"meter": 8999},
        {"country": ""},
        {"hour": 28_421_940},
        {"resource_id": "kb-1", "meter": 11},
        {"tier_key": "voice", "position": 0},
        {"day": 20240101},
        {"day": 20240131, "buy": 4},
        {"buy": 0},
    )
    return [
        staged(number, f"{at} {again}", **{"cost": 10**again, **kind})
        for again in range(2)
        for at, kind in enumerate(kinds)
    ]


def added(found: list[Staged]) -> dict[Row, Row]:
    """Add events up, without a database: by key, their number and each sum."""
    sums: dict[Row, list[int]] = defaultdict(lambda: [0] * 8)
    for it in found:
        user = "" if it.meter == 12 or 8000 <= it.meter < 9000 else it.user_id
        key = (user, it.meter, it.day, it.hour, it.country, it.tier_key or "", it.resource_id)
        one = -1 if it.reverses else 1
        bought = (it.buy, one, it.cost) if it.buy is not None else (0, 0, 0)
        values = (1, one, it.quantity, it.billed, it.cost, *bought)
        sums[key] = [a + b for a, b in zip(sums[key], values, strict=True)]
    return {key: tuple(values) for key, values in sums.items()}


def stored_ids(transaction: Transaction, of: Month) -> list[str]:
    return [row[2] for some in archives.events(transaction, of) for row in some]


def test_the_sums_of_a_month_are_those_of_its_events(transaction: Transaction, number: int) -> None:
    found = rows(number)
    record(transaction, *found, staged(number, "later", day=20240201))
    found += reverse(transaction, *found[:4], *found[9:11])
    archives.move_out(transaction, month(number), file(number))
    assert archives.sums_of(transaction, number, JANUARY) == added(found)
    assert stored_ids(transaction, month(number)) == []
    assert stored_ids(transaction, month(number, 202402)) == ["later"]
    assert archive_files.files_of(transaction, number, JANUARY) == [file(number)]


def test_late_events_are_added_to_the_sums(transaction: Transaction, number: int) -> None:
    first, late = rows(number), [staged(number, "late", cost=9), staged(number, "new", meter=1)]
    record(transaction, *first)
    archives.move_out(transaction, month(number), file(number))
    record(transaction, *late, now=AT + 1)
    archives.move_out(transaction, month(number), file(number)._replace(part=1))
    assert archives.sums_of(transaction, number, JANUARY) == added([*first, *late])


@pytest.mark.parametrize("count", [1, 2, 64, 65, 129])
def test_sums_past_64_bits_are_kept_in_parts(
    transaction: Transaction, number: int, count: int
) -> None:
    large = [staged(number, f"{it:03}", cost=10**17 - it, buy=-(10**17)) for it in range(count)]
    small = staged(number, "small", user_id="ben")
    record(transaction, *large, small)
    bound = {"number": number, "first": JANUARY * 100, "last": JANUARY * 100 + 99}
    transaction.execute(archives.COUNT_PARTS, **bound)
    transaction.execute(archives.KEEP_SUMS_IN_PARTS, **bound)
    assert archives.sums_of(transaction, number, JANUARY) == added([*large, small])
    parts = transaction.integer("SELECT COUNT(*) FROM archived_sums WHERE user_id = 'ann'")
    assert parts == (count + 63) // 64


def test_sums_that_do_not_fit_move_to_parts(transaction: Transaction, number: int) -> None:
    large = [staged(number, f"{it}", cost=10**17) for it in range(100)]
    record(transaction, *large)
    archives.move_out(transaction, month(number), file(number))
    assert archives.sums_of(transaction, number, JANUARY) == added(large)


def test_events_move_back_as_they_were(transaction: Transaction, number: int) -> None:
    record(transaction, *rows(number), staged(number, "later", day=20240201))
    before = list(archives.events(transaction, month(number)))
    archives.move_out(transaction, month(number), file(number))
    archives.move_in(transaction, month(number), (row for some in before for row in some))
    assert list(archives.events(transaction, month(number))) == before
    assert archives.sums_of(transaction, number, JANUARY) == {}
    assert archive_files.files_of(transaction, number, JANUARY) == []


def test_events_are_read_by_day_and_id_in_chunks(
    transaction: Transaction, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.store.database.CHUNK", 4)
    record(transaction, *rows(number))
    chunks = list(archives.events(transaction, month(number)))
    assert {len(some) for some in chunks[:-1]} == {4}
    places = [(row[1], row[2]) for some in chunks for row in some]
    assert all(one < other for one, other in pairwise(places))
    assert len(places) == len(rows(number))


def test_months_with_events_are_due_in_order(transaction: Transaction, number: int) -> None:
    second, other = organization(transaction, "org_2"), organization(transaction, "x", "b")
    record(
        transaction,
        *(staged(number, f"{day}", day=day) for day in (20240131, 20240201, 20240301)),
        staged(second),
        staged(other),
    )
    january, february = month(number), month(number, 202402)
    of_second = Month(second, "org_2", JANUARY)
    due = archives.due
    assert due(transaction, "default", 202403, None) == [january, of_second, february]
    assert due(transaction, "default", 202402, None) == [january, of_second]
    assert due(transaction, "default", 202403, number) == [january, february]
    assert due(transaction, "default", JANUARY, None) == []
    archives.move_out(transaction, january, file(number))
    assert due(transaction, "default", 202403, number) == [february]


def test_the_state_of_a_month_changes_with_its_events_only(
    transaction: Transaction, number: int
) -> None:
    record(transaction, *rows(number))
    before = archives.state(transaction, "default", month(number))
    assert before[0] == len(rows(number))
    record(transaction, staged(number, "later", day=20240201), now=AT + 1)
    assert archives.state(transaction, "default", month(number)) == before
    record(transaction, staged(number, "late"), now=AT + 2)
    assert archives.state(transaction, "default", month(number)) != before


def test_only_own_meters_are_listed(transaction: Transaction, number: int) -> None:
    found = [staged(number, f"{it}", meter=it) for it in (2000, 12, 1000, 999)]
    record(transaction, *found, staged(number, "later", day=20240201, meter=3000))
    assert archives.own_meters(transaction, month(number)) == [1000, 2000]


def test_an_event_without_an_identity_is_found(transaction: Transaction, number: int) -> None:
    record(transaction, staged(number, "a"))
    assert archives.without_identity(transaction, month(number)) is None
    (row,) = next(archives.events(transaction, month(number)))
    lost = (*row[:2], "lost", *row[3:])
    archives.move_in(transaction, month(number), [lost])
    assert archives.without_identity(transaction, month(number)) == "lost"
    assert list(events.keys(transaction, number, ["a", "lost"])) == ["a"]


def test_purchases_are_stored_in_the_first_row_of_a_group(
    transaction: Transaction, number: int
) -> None:
    found = [staged(number, f"{it:03}", buy=None) for it in range(65)]
    record(transaction, *found, staged(number, "other", user_id="ben"))
    bound = {"number": number, "first": JANUARY * 100, "last": JANUARY * 100 + 99}
    transaction.execute(archives.COUNT_PARTS, **bound)
    transaction.execute(archives.KEEP_SUMS_IN_PARTS, **bound)
    before = archives.sums_of(transaction, number, JANUARY)
    group = next(key for key in before if key[0] == "ann")
    archives.set_purchases(transaction, month(number), group, (7, 8, 9))
    rows_of = "SELECT buy FROM archived_sums WHERE user_id = 'ann' ORDER BY part"
    assert [buy for (buy,) in transaction.rows(rows_of)] == [7, 0]
    after = archives.sums_of(transaction, number, JANUARY)
    assert after[group] == (*before[group][:-3], 7, 8, 9)
    assert {key: it for key, it in after.items() if key != group} == {
        key: it for key, it in before.items() if key != group
    }
