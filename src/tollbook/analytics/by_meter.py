"""Sums by meter: what is asked of a whole period is a dozen rows, put together without SQL."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tollbook.analytics.figures import Figure, Measure
from tollbook.domain.meters import BY_CODE, BY_TYPE
from tollbook.store.engine import Row


class MeterSums(NamedTuple):
    """A meter's events, their quantity in micros and their cost in nanos."""

    events: int = 0
    quantity: int = 0
    cost: int = 0


_NOTHING = MeterSums()
_ADDED = {Measure.EVENTS: "events", Measure.QUANTITY: "quantity", Measure.COST: "cost"}
COLUMNS = 4
"""A row is a meter's code and its sums."""
AMOUNTS = (2, 3)
"""The places of quantity and cost in a row."""


class ByMeter:
    """The sums of a period by the types of meters; a meter without usage has zeros."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._sums: Mapping[str, MeterSums] = {
            BY_CODE[row[0]].type: MeterSums(*row[1:]) for row in rows
        }

    def __getitem__(self, kind: str) -> MeterSums:
        return self._sums.get(BY_TYPE[kind].type, _NOTHING)

    def figure(self, figure: Figure) -> int:
        """Add up a figure of events, quantities or costs."""
        types = (BY_CODE[code].type for code in figure.codes)
        return sum(getattr(self[it], _ADDED[figure.measure]) for it in types)

    def total_cost(self) -> int:
        """Add up all costs."""
        return sum(it.cost for it in self._sums.values())
