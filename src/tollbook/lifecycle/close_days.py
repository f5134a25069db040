"""Build the columns of days that have ended, and compare them with the sums."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number
from tollbook.store import closed_days
from tollbook.store.closed_columns import GrowingColumns
from tollbook.store.closed_days import ClosedMonth, StoredDay
from tollbook.store.database import Database, Snapshot
from tollbook.store.verification import RowDifference

CHECK = "closed_days"
_PAUSE = 600 * 1_000_000
"""A month is built at most every ten minutes, in microseconds, however often its days change."""
_FEWEST_ROWS = 5_000
"""A month with fewer sums by day is read as fast from these."""
_FEWEST_DAYS = 10
"""A month with fewer days of use for each user and meter is left out.

Its columns would be large next to its events, and its days are few rows.
"""


def close_days(
    database: Database,
    now: int,
    is_done: Callable[[], bool] = lambda: False,
    fewest: tuple[int, int] = (_FEWEST_ROWS, _FEWEST_DAYS),
) -> None:
    """Close the days that have ended and build their columns, a day in each transaction.

    Stop early when `is_done`. `fewest` are the sums and days that a month must have.
    """
    with database.reading() as snapshot:
        found = closed_days.unclosed(snapshot, day_number(instant_of(now)))
    for number, timezone, closed in found:
        if is_done():
            return
        day = _yesterday(now, timezone)
        if day > closed:
            with database.writing() as transaction:
                closed_days.close(transaction, number, day)
    with database.reading() as snapshot:
        months = closed_days.to_build(snapshot, now - _PAUSE)
    for month in months:
        if is_done():
            return
        _build(database, month, now, is_done, fewest)


def _yesterday(now: int, timezone: str) -> int:
    today = instant_of(now).astimezone(ZoneInfo(timezone)).date()
    return day_number(today - timedelta(days=1))


def _build(
    database: Database,
    month: ClosedMonth,
    now: int,
    is_done: Callable[[], bool],
    fewest: tuple[int, int],
) -> None:
    """Build the days of a month up to the wanted one; stop when one of them changes."""
    with database.reading() as snapshot:
        days = closed_days.days_to_build(snapshot, month, month.through)
        rows, keys = closed_days.count_sums(snapshot, month)
        last = closed_days.columns_of_last_day(snapshot, month.number, month.month, month.through)
        is_current = closed_days.is_current(snapshot, month)
    if not is_current:
        return
    if last is None and rows < max(fewest[0], fewest[1] * keys):
        with database.writing() as transaction:
            closed_days.leave_out(transaction, month)
        return
    columns = GrowingColumns(last)
    for day in days:
        if is_done() or not (built := _read(database, month, columns, day)):
            return
        if not _advance(database, month, day, now, built):
            return
        month = month._replace(through=day)
    _advance(database, month, month.wanted, now, None)


def _read(
    database: Database, month: ClosedMonth, columns: GrowingColumns, day: int
) -> StoredDay | None:
    with database.reading() as snapshot:
        if not closed_days.is_current(snapshot, month):
            return None
        columns.add(closed_days.sums_of_day(snapshot, month, day))
    return columns.stored(day)


def _advance(
    database: Database, month: ClosedMonth, through: int, now: int, built: StoredDay | None
) -> bool:
    with database.writing() as transaction:
        return closed_days.advance(transaction, month, through, now, built)


def rebuild_closed_days(
    database: Database, now: int, fewest: tuple[int, int] = (_FEWEST_ROWS, _FEWEST_DAYS)
) -> None:
    """Drop all closed days and build them again."""
    with database.writing() as transaction:
        closed_days.drop_all(transaction)
    close_days(database, now, fewest=fewest)


def closed_day_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Build all valid closed days again and yield those that are stored differently."""
    for month in closed_days.valid_months(snapshot):
        stored = {it.day: it for it in closed_days.stored_days(snapshot, month)}
        through = month._replace(wanted=month.through)
        days = closed_days.days_to_build(snapshot, through, month.month * 100)
        columns = GrowingColumns()
        for day in sorted({*days, *stored}):
            columns.add(closed_days.sums_of_day(snapshot, month, day))
            if stored.get(day) != columns.stored(day):
                row: dict[str, object] = {"organization_id": month.number, "day": day}
                side = "only kept" if day in stored else "only in events"
                yield RowDifference(CHECK, side, row)


def deadline(seconds: float) -> Callable[[], bool]:
    """Return a function that returns whether some seconds have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
