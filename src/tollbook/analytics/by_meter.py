"""The sums of a period by meter: a dozen rows, which figures are made from without SQL."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tollbook.analytics.figures import Figure, Measure
from tollbook.domain.meters import BY_TYPE
from tollbook.store.engine import Row


class MeterSums(NamedTuple):
    """A meter's events, their quantity in micros and their cost in nanos."""

    events: int = 0
    quantity: int = 0
    cost: int = 0


_NO_USAGE = MeterSums()
_FIELDS = {Measure.EVENTS: "events", Measure.QUANTITY: "quantity", Measure.COST: "cost"}
COLUMNS = 4
"""A row is a meter's code and its sums."""
AMOUNTS = (2, 3)
"""The places of quantity and cost in a row."""


class ByMeter:
    """The sums of a period by the code of a meter; a meter without usage has zeros."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._sums: Mapping[int, MeterSums] = {row[0]: MeterSums(*row[1:]) for row in rows}

    def __getitem__(self, kind: str) -> MeterSums:
        return self._sums.get(BY_TYPE[kind].code, _NO_USAGE)

    def figure(self, figure: Figure) -> int:
        """Return a figure of events, quantities or costs."""
        counted = (
            sums
            for code, sums in self._sums.items()
            if code in figure.codes or code in figure.own_codes
        )
        return sum(getattr(it, _FIELDS[figure.measure]) for it in counted)

    def total_cost(self) -> int:
        """Return the sum of all costs."""
        return sum(it.cost for it in self._sums.values())
