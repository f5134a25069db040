"""Which closed days are valid, which are to be built, and which changes end that."""

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import quarantined, record, staged
from tollbook.store import closed_days, versions
from tollbook.store.closed_days import ClosedMonth, StoredDay
from tollbook.store.database import Transaction

JANUARY, FEBRUARY = 202401, 202402


@pytest.fixture
def number(transaction: Transaction) -> int:
    """An organization with usage on three days of two months, all of them closed and to build."""
    number = organization(transaction)
    days = (20240110, 20240120, 20240205)
    record(transaction, *(staged(number, f"{day}", day=day) for day in days))
    closed_days.close(transaction, number, 20240207)
    return number


def months(transaction: Transaction) -> dict[int, ClosedMonth]:
    """Return the months that are to be built."""
    return {it.month: it for it in closed_days.to_build(transaction, AT)}


def valid(transaction: Transaction) -> dict[int, int]:
    return {it.month: it.through for it in closed_days.valid_months(transaction)}


def build(transaction: Transaction, month: ClosedMonth, through: int, users: str = "[]") -> bool:
    built = StoredDay(through, users, "[]")
    return closed_days.advance(transaction, month, through, AT, built)


def test_months_with_usage_are_to_be_built_up_to_the_last_closed_day(
    transaction: Transaction, number: int
) -> None:
    found = months(transaction)
    assert [(it.number, it.through, it.wanted) for it in found.values()] == [
        (number, 20240100, 20240131),
        (number, 20240200, 20240207),
    ]
    assert len({it.token for it in found.values()}) == 2
    assert valid(transaction) == {JANUARY: 20240100, FEBRUARY: 20240200}


def test_only_days_with_usage_are_built(transaction: Transaction, number: int) -> None:
    january, february = months(transaction).values()
    assert number == january.number
    assert closed_days.days_to_build(transaction, january, 20240100) == [20240110, 20240120]
    assert closed_days.days_to_build(transaction, january, 20240110) == [20240120]
    assert closed_days.days_to_build(transaction, february, 20240205) == []
    early = february._replace(wanted=20240204)
    assert closed_days.days_to_build(transaction, early, 20240200) == []
    assert closed_days.count_sums(transaction, january) == (2, 1)


def test_the_sums_of_a_day_are_those_of_users(transaction: Transaction, number: int) -> None:
    rows = (
        staged(number, "1", cost=5, quantity=1),
        staged(number, "2", cost=7, quantity=2),
        staged(number, "3", user_id="ben", meter=1, quantity=4, cost=9),
        staged(number, "4", billed_user_id=""),
        staged(number, "5", day=20240116),
    )
    record(transaction, *rows)
    found = closed_days.sums_of_day(transaction, months(transaction)[JANUARY], 20240115)
    assert sorted(found) == [("ann", 5, 2, 3, 12), ("ben", 1, 1, 4, 9)]


def test_a_built_day_is_valid_with_those_before(transaction: Transaction, number: int) -> None:
    january = months(transaction)[JANUARY]
    assert build(transaction, january, 20240110, '["a"]')
    january = january._replace(through=20240110)
    assert closed_days.is_current(transaction, january)
    assert build(transaction, january, 20240120, '["a","b"]')
    assert valid(transaction)[JANUARY] == 20240120
    january = january._replace(through=20240120)
    assert closed_days.stored_days(transaction, january) == [
        StoredDay(20240110, '["a"]', "[]"),
        StoredDay(20240120, '["a","b"]', "[]"),
    ]
    read = closed_days.columns_of_last_day
    assert read(transaction, number, JANUARY, 20240120) == ('["a","b"]', "[]")
    assert read(transaction, number, JANUARY, 20240119) == ('["a"]', "[]")
    assert read(transaction, number, JANUARY, 20240109) is None
    assert read(transaction, number, FEBRUARY, 20240229) is None


def test_a_month_may_be_valid_up_to_a_day_without_usage(
    transaction: Transaction, number: int
) -> None:
    january = months(transaction)[JANUARY]
    assert closed_days.advance(transaction, january, 20240131, AT, None)
    assert JANUARY not in months(transaction)
    assert closed_days.stored_days(transaction, january._replace(through=20240131)) == []
    assert number == january.number


def test_what_was_built_from_another_state_is_not_stored(
    transaction: Transaction, number: int
) -> None:
    january = months(transaction)[JANUARY]
    record(transaction, staged(number, "late", day=20240105))
    assert not closed_days.is_current(transaction, january)
    assert not build(transaction, january, 20240110)
    current = months(transaction)[JANUARY]
    assert not build(transaction, current._replace(through=20240101), 20240110)
    assert build(transaction, current, 20240110)
    assert not build(transaction, current, 20240120)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (20240101, {JANUARY: 20240100, FEBRUARY: 20240207}),
        (20240115, {JANUARY: 20240114, FEBRUARY: 20240207}),
        (20240131, {JANUARY: 20240130, FEBRUARY: 20240207}),
        (20240207, {JANUARY: 20240131, FEBRUARY: 20240206}),
        (20240208, {JANUARY: 20240131, FEBRUARY: 20240207}),
    ],
)
def test_a_row_ends_the_validity_of_its_day_and_later_ones(
    transaction: Transaction, number: int, day: int, expected: dict[int, int]
) -> None:
    for month in months(transaction).values():
        build(transaction, month, month.wanted)
    record(transaction, staged(number, "late", day=day))
    assert valid(transaction) == expected


def test_the_earliest_row_of_a_batch_decides(transaction: Transaction, number: int) -> None:
    other = organization(transaction, "org_2")
    for month in months(transaction).values():
        build(transaction, month, month.wanted)
    days = (20240118, 20240112, 20240125)
    record(
        transaction,
        *(staged(number, f"late {day}", day=day) for day in days),
        staged(other, "of another", day=20240101),
    )
    assert valid(transaction) == {JANUARY: 20240111, FEBRUARY: 20240207}
    record(transaction, staged(number, "later", day=20240120))
    assert valid(transaction)[JANUARY] == 20240111


def test_a_batch_may_have_rows_of_closed_and_of_open_days(
    transaction: Transaction, number: int
) -> None:
    january = months(transaction)[JANUARY]
    build(transaction, january, january.wanted)
    days = (20240301, 20240112)
    record(transaction, *(staged(number, f"late {day}", day=day) for day in days))
    assert valid(transaction)[JANUARY] == 20240111


def test_the_days_of_another_organization_are_left_alone(
    transaction: Transaction, number: int
) -> None:
    other = organization(transaction, "org_2")
    days = (20240110, 20240111, 20240301)
    record(transaction, *(staged(other, f"{day}", day=day, user_id="ben") for day in days))
    closed_days.close(transaction, other, 20240310)
    found = {(it.number, it.month): it for it in closed_days.to_build(transaction, AT)}
    assert (number, 202403) not in found
    mine, theirs = found[number, JANUARY], found[other, JANUARY]
    assert closed_days.days_to_build(transaction, mine, 20240100) == [20240110, 20240120]
    assert closed_days.count_sums(transaction, mine) == (2, 1)
    (row,) = closed_days.sums_of_day(transaction, mine, 20240110)
    assert row[0] == "ann"
    assert build(transaction, mine, 20240131, '["ann"]')
    assert closed_days.is_current(transaction, theirs)
    assert closed_days.stored_days(transaction, theirs._replace(through=20240131)) == []
    assert build(transaction, theirs, 20240131, '["ben"]')
    closed_days.leave_out(transaction, mine._replace(through=20240131))
    read = closed_days.columns_of_last_day
    assert read(transaction, number, JANUARY, 20240131) is None
    assert read(transaction, other, JANUARY, 20240131) == ('["ben"]', "[]")


def test_an_event_in_quarantine_changes_no_day(transaction: Transaction, number: int) -> None:
    january = months(transaction)[JANUARY]
    build(transaction, january, january.wanted)
    record(transaction, quarantined(number, "waits"))
    assert valid(transaction)[JANUARY] == 20240131


def test_noted_days_end_the_validity_of_months_that_exist(
    transaction: Transaction, number: int
) -> None:
    for month in months(transaction).values():
        build(transaction, month, month.wanted)
    days = [(number, 20240120), (number, 20240110), (number, 20231201), (number + 1, 20240201)]
    closed_days.note_days(transaction, days)
    assert valid(transaction) == {JANUARY: 20240109, FEBRUARY: 20240207}


def test_a_late_row_of_a_month_without_days_wants_them(
    transaction: Transaction, number: int
) -> None:
    record(transaction, staged(number, "first of March", day=20240301))
    closed_days.close(transaction, number, 20240310)
    record(transaction, staged(number, "late", day=20240210))
    found = months(transaction)[FEBRUARY]
    assert (found.number, found.through, found.wanted) == (number, 20240200, 20240231)


def test_days_are_closed_forwards_only(transaction: Transaction, number: int) -> None:
    closed_days.close(transaction, number, 20240115)
    assert closed_days.unclosed(transaction, 20240208) == [(number, "UTC", 20240207)]
    assert closed_days.unclosed(transaction, 20240207) == []


def test_an_organization_that_received_nothing_is_not_closed(transaction: Transaction) -> None:
    organization(transaction)
    versions.touch(transaction, organization(transaction, "only touched"), AT)
    assert closed_days.unclosed(transaction, 20991231) == []


def test_months_that_were_just_built_wait(transaction: Transaction, number: int) -> None:
    january = months(transaction)[JANUARY]
    assert january.number == number
    build(transaction, january, 20240110)
    found = [[it.month for it in closed_days.to_build(transaction, AT + it)] for it in (-1, 0)]
    assert found == [[FEBRUARY], [JANUARY, FEBRUARY]]


def test_a_month_that_is_left_out_comes_back_when_it_changes(
    transaction: Transaction, number: int
) -> None:
    january = months(transaction)[JANUARY]
    build(transaction, january, 20240110)
    closed_days.leave_out(transaction, january._replace(token=january.token + 1))
    closed_days.leave_out(transaction, january)  # before some of its days were built
    assert months(transaction)[JANUARY].through == 20240110
    closed_days.leave_out(transaction, january._replace(through=20240110))
    assert JANUARY not in months(transaction)
    read = closed_days.columns_of_last_day
    assert read(transaction, number, JANUARY, 20240131) is None
    record(transaction, staged(number, "late", day=20240105))
    found = months(transaction)[JANUARY]
    assert (found.through, found.wanted) == (0, 20240131)


def test_all_days_are_dropped_and_built_again(transaction: Transaction, number: int) -> None:
    january = months(transaction)[JANUARY]
    build(transaction, january, 20240131)
    closed_days.drop_all(transaction)
    found = months(transaction)[JANUARY]
    assert (found.number, found.through, found.wanted) == (number, 20240100, 20240131)
    assert found.token != january.token
    assert not closed_days.stored_days(transaction, january._replace(through=20240131))
