"""The columns of a closed day: each user's sums of the month so far, by meter."""

from collections.abc import Iterable, Sequence
from math import gcd
from operator import sub

import msgspec

from tollbook.store.closed_days import StoredDay
from tollbook.store.engine import Row

COUNT, QUANTITY, COST = range(3)
"""The columns of a meter."""

StoredColumn = tuple[int, list[int]]
"""A power of ten, and the sums divided by it: shorter, and exact at any size."""
_Meter = tuple[int, StoredColumn, StoredColumn, StoredColumn]
_encode = msgspec.json.Encoder().encode
_users = msgspec.json.Decoder(list[str]).decode
_meters = msgspec.json.Decoder(list[_Meter]).decode


class ClosedColumns:
    """Users in the order of appearance, and the stored columns of each meter."""

    def __init__(self, users: str, sums: str) -> None:
        self.users = _users(users)
        self._columns = {code: columns for code, *columns in _meters(sums)}

    @property
    def meters(self) -> Iterable[int]:
        """Return the codes of the meters."""
        return self._columns

    def column(self, meter: int, which: int, before: "ClosedColumns | None" = None) -> list[int]:
        """Return a column, less that of an earlier day of the month: its users are the first."""
        unit, values = self._columns[meter][which]
        if before is not None and meter in before._columns:
            earlier_unit, earlier = before._columns[meter][which]
            if earlier_unit != unit:
                earlier = [it * earlier_unit for it in earlier]
                unit, values = 1, [it * unit for it in values]
            values = [*map(sub, values, earlier), *values[len(earlier) :]]
        return values if unit == 1 else [it * unit for it in values]


class GrowingColumns:
    """The columns of a month, to which one day after the other is added."""

    def __init__(self, last: tuple[str, str] | None = None) -> None:
        """`last` has the columns of the last day before, as JSON."""
        known = ClosedColumns(*last) if last else None
        self._places = {user: at for at, user in enumerate(known.users if known else ())}
        self._columns: dict[int, tuple[list[int], ...]] = {}
        if known:
            for meter in known.meters:
                self._columns[meter] = tuple(known.column(meter, it) for it in range(3))

    def add(self, rows: Sequence[Row]) -> None:
        """Add the sums of a day: user, meter, count, quantity and cost."""
        for user in sorted({row[0] for row in rows} - self._places.keys()):
            self._places[user] = len(self._places)
        for meter in {row[1] for row in rows} - self._columns.keys():
            self._columns[meter] = [], [], []
        for columns in self._columns.values():
            for column in columns:
                column.extend([0] * (len(self._places) - len(column)))
        for user, meter, count, quantity, cost in rows:
            place, (counts, quantities, costs) = self._places[user], self._columns[meter]
            counts[place] += count
            quantities[place] += quantity
            costs[place] += cost

    def stored(self, day: int) -> StoredDay:
        """Return the columns as they are stored."""
        meters = [
            (meter, *map(_divided, columns)) for meter, columns in sorted(self._columns.items())
        ]
        return StoredDay(day, _encode(list(self._places)).decode(), _encode(meters).decode())


def _divided(column: Sequence[int]) -> StoredColumn:
    divisor, unit = gcd(*column), 1
    while divisor and divisor % (unit * 10) == 0:
        unit *= 10
    return unit, [it // unit for it in column]
