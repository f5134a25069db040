"""The sums of all users over a period, from the columns of closed days (decision 71).

A month of a period is the columns of its last day, less those of the day before its first one.
A month that is still open is read from its monthly sums, if the period has all of its used days.
A part of a month without columns, such as an organization's first few days, is read from its days.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from operator import add
from typing import Any, NamedTuple

from tollbook.analytics.figures import Figure, Measure
from tollbook.analytics.rows import RowLayout
from tollbook.store.closed_columns import COST, COUNT, QUANTITY, ClosedColumns
from tollbook.store.closed_days import LAST_OF_MONTH, VALID_MONTHS, columns_of_last_day
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

PEOPLE = "SELECT id, name FROM users WHERE organization_id = :organization"

OPEN_MONTHS = """
SELECT user_id, meter, count, quantity, cost FROM usage_monthly
WHERE organization_id = :organization AND month BETWEEN :first AND :last AND user_id <> ''
"""

PART_OF_MONTH = """
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id = :organization AND month = :month
    AND day > :before AND day <= :last AND user_id <> ''
GROUP BY user_id, meter
"""

_COLUMN_OF = {Measure.EVENTS: COUNT, Measure.QUANTITY: QUANTITY, Measure.COST: COST}


class MonthPart(NamedTuple):
    """The days of a period in one month: up to `last`, without those up to `before`.

    `before` is 0 for none, and `last` for the whole month as its monthly sums have it.
    """

    month: int
    before: int
    last: int

    def is_open(self) -> bool:
        """Return whether it is a whole month, read from its monthly sums."""
        return not self.before and not self.last

    def has_columns(self, valid: Mapping[int, int]) -> bool:
        """Return whether its days have valid columns; `valid` is the last such day by month."""
        return 0 < max(self.before, self.last) <= valid.get(self.month, 0)


class Block(NamedTuple):
    """The sums of one meter by user; `column` returns those of counts, quantities or costs."""

    users: list[str]
    meter: int
    column: Callable[[int], list[int]]


def read_closed_rows(
    snapshot: Snapshot, bound: Mapping[str, Any], layout: RowLayout, bases: str, *, own: bool
) -> list[Row] | None:
    """Read the rows of all users without their totals, in any order; None without columns.

    `bound` are the parameters of the period, `bases` counts the resources of users, and `own` is
    whether the tenant has meters of its own.
    """
    number: int = bound["organization"]
    valid: dict[int, int] = dict(snapshot.table(VALID_MONTHS, bound, 2))
    parts = list(month_parts(bound["start_day"], bound["end_day"], valid))
    if not any(it.has_columns(valid) for it in parts):
        return None
    blocks = list(_read(snapshot, number, parts, valid))
    names: dict[str, str] = dict(snapshot.table(PEOPLE, bound, 2))
    lists = {id(it.users): it.users for it in blocks}
    users = list(dict.fromkeys(chain(*lists.values(), names)))
    counted: dict[str, int] = dict(snapshot.table(bases, bound, 2))
    rows = zip(
        users,
        map(names.get, users),
        *_add_up(blocks, users, [it for it in layout.stored if it.measure in _COLUMN_OF], own=own),
        [counted.get(user, 0) for user in users],
        strict=True,
    )
    return list(rows) if len(users) == len(names) else [row for row in rows if row[0] in names]


def month_parts(start: int, end: int, valid: Mapping[int, int]) -> Iterator[MonthPart]:
    """Yield the parts of a period between two day numbers.

    `valid` has the last valid day of each month.
    """
    month = start // 100
    while month <= end // 100:
        length = monthrange(*divmod(month, 100))[1]
        last = min(end, month * 100 + length)
        before = start - 1 if start > month * 100 + 1 else 0
        is_open = last == month * 100 + length and valid.get(month, 0) < last
        yield MonthPart(month, before, 0 if is_open else last)
        month += 1 if month % 100 < 12 else 89


def _read(
    snapshot: Snapshot, number: int, parts: Iterable[MonthPart], valid: Mapping[int, int]
) -> Iterator[Block]:
    """Read the sums of a period, those of consecutive open months with one statement."""
    for is_open, run in groupby(parts, MonthPart.is_open):
        if is_open:
            months = [it.month for it in run]
            yield from _open_months(snapshot, number, months[0], months[-1])
        else:
            for it in run:
                yield from _read_part(snapshot, number, it, valid)


def _read_part(
    snapshot: Snapshot, number: int, part: MonthPart, valid: Mapping[int, int]
) -> list[Block]:
    """Read the sums of a part, by meter.

    Of a month that is open, those of the days before are subtracted.
    """
    is_valid = part.has_columns(valid)
    before = _closed(snapshot, number, part.month, part.before) if is_valid else None
    last = _closed(snapshot, number, part.month, part.last) if is_valid else None
    if (part.before and before is None) or (part.last and last is None):
        return list(_days(snapshot, number, part))
    if last is not None:
        return [
            Block(last.users, meter, partial(last.column, meter, before=before))
            for meter in last.meters
        ]
    blocks = list(_open_months(snapshot, number, part.month, part.month))
    if before is not None:
        blocks += [
            Block(before.users, meter, partial(_negative, before, meter)) for meter in before.meters
        ]
    return blocks


def _closed(snapshot: Snapshot, number: int, month: int, day: int) -> ClosedColumns | None:
    """Return the columns of the last day with usage in a month up to a day."""
    found = columns_of_last_day(snapshot, number, month, day) if day else None
    return ClosedColumns(*found) if found else None


def _negative(columns: ClosedColumns, meter: int, which: int) -> list[int]:
    return [-it for it in columns.column(meter, which)]


def _open_months(snapshot: Snapshot, number: int, first: int, last: int) -> Iterator[Block]:
    """Read the monthly sums, of which a user and a meter may have several rows."""
    bound = {"organization": number, "first": first, "last": last}
    yield from _blocks(snapshot.columns(OPEN_MONTHS, bound, 5))


def _days(snapshot: Snapshot, number: int, part: MonthPart) -> Iterator[Block]:
    """Read a part without columns from its days."""
    last = part.last or part.month * 100 + LAST_OF_MONTH
    bound = {"organization": number, **part._asdict(), "last": last}
    rows = snapshot.sums(PART_OF_MONTH, bound, 5, (3, 4))
    yield from _blocks([*zip(*rows, strict=True)] or [()] * 5)


def _blocks(columns: Sequence[Sequence[Any]]) -> Iterator[Block]:
    """Yield the sums of each meter; the columns are user, meter, count, quantity and cost."""
    users, meters, *sums = columns
    of_meter: dict[int, list[int]] = {}
    for at, meter in enumerate(meters):
        of_meter.setdefault(meter, []).append(at)
    before: list[str] = []
    for meter, places in of_meter.items():
        chosen = [users[at] for at in places]
        before = before if chosen == before else chosen
        yield Block(before, meter, partial(_chosen, sums, places))


def _chosen(sums: Sequence[Sequence[int]], places: Sequence[int], which: int) -> list[int]:
    column = sums[which]
    return [column[at] for at in places]


def _add_up(
    blocks: Iterable[Block], users: list[str], figures: Sequence[Figure], *, own: bool
) -> Iterator[Sequence[int]]:
    """Yield the column of each figure, with a sum for each user."""
    addends = [_Addends.of(it, own=own) for it in figures]
    totals: dict[int, dict[int, list[int]]] = {}
    order = {user: at for at, user in enumerate(users)}
    places: dict[int, list[int] | None] = {}
    for block in blocks:
        if id(block.users) not in places:
            is_first = block.users == users[: len(block.users)]
            places[id(block.users)] = None if is_first else [order[it] for it in block.users]
        columns = totals.setdefault(block.meter, {})
        for which in {it.which for it in addends if it.has(block.meter)}:
            values, at = block.column(which), places[id(block.users)]
            if which not in columns and at is None:
                columns[which] = [*values, *[0] * (len(users) - len(values))]
            else:
                _add(columns.setdefault(which, [0] * len(users)), values, at)
    for one in addends:
        summed = [it[one.which] for meter, it in totals.items() if one.has(meter)]
        if len(summed) > 1:
            summed = [[*map(sum, zip(*summed, strict=True))]]
        yield summed[0] if summed else [0] * len(users)


class _Addends(NamedTuple):
    """What a figure adds up: counts, quantities or costs, of meters by their codes."""

    which: int
    codes: tuple[int, ...]
    own_codes: range

    @classmethod
    def of(cls, figure: Figure, *, own: bool) -> "_Addends":
        own_codes = figure.own_codes if own else range(0)
        return cls(_COLUMN_OF[figure.measure], figure.codes, own_codes)

    def has(self, meter: int) -> bool:
        return meter in self.codes or meter in self.own_codes


def _add(column: list[int], values: list[int], places: list[int] | None) -> None:
    """Add values to a column at places, or to its first places."""
    if places is None:
        column[: len(values)] = map(add, column, values)
        return
    for at, value in zip(places, values, strict=True):
        column[at] += value
