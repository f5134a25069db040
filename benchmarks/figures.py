"""Measured times and their percentiles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter


@dataclass(frozen=True)
class Times:
    """The seconds of repeated operations."""

    seconds: list[float]

    @property
    def p50(self) -> float:
        """Return the median in milliseconds."""
        return median(self.seconds) * 1000

    @property
    def p99(self) -> float:
        """Return the 99th percentile in milliseconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[98] * 1000


def interleaved(rounds: int, calls: Mapping[str, Callable[[], object]]) -> dict[str, Times]:
    """Time each call once per round, so that other work on the machine affects all equally."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = perf_counter()
            call()
            times[name].append(perf_counter() - start)
    return {name: Times(seconds) for name, seconds in times.items()}
