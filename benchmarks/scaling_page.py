"""The tables of clusters with different numbers of workers."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from statistics import median

from benchmarks.scaling import (
    CLEANING,
    LARGE,
    LIST,
    MANY,
    MERGED,
    ONE,
    OVERVIEW,
    SINGLE,
    USERS_OF_ONE,
    Scaling,
)
from benchmarks.sites import Cost
from benchmarks.tables import table

INGEST, ANSWERS = (MANY, MERGED, ONE, LARGE, SINGLE, CLEANING), (USERS_OF_ONE, OVERVIEW, LIST)
_HEAD = ("On", "Server", "Coordinator", "Fullest worker", "All nodes", "Ratio", "Speed")


def scaling_page(found: Scaling) -> list[str]:
    """Return all tables of a run."""
    return [
        "Processor time in microseconds for an event:\n",
        _costs(found, INGEST),
        "Processor time in microseconds for an answer:\n",
        _costs(found, ANSWERS),
        "One organization, events/s:\n",
        _one_writer(found),
        "Other figures:\n",
        _others(found),
    ]


def typical(costs: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    """Return the median of a figure in all rounds."""
    return median(map(figure, costs))


def _costs(found: Scaling, works: Sequence[str]) -> str:
    """Return the costs of each work on each site.

    A ratio is that of all nodes to the one server; speed is a ratio too, of the same round.
    """
    rows = [row for what in works if what in found.costs for row in _rows(what, found.costs[what])]
    return table(("Work", *_HEAD), rows)


def _rows(what: str, sites: dict[str, list[Cost]]) -> Iterator[Sequence[str]]:
    base = next(iter(sites.values()))
    whole = typical(base, lambda it: it.database)
    for name, costs in sites.items():
        speeds = [one.seconds / it.seconds for one, it in zip(base, costs, strict=True)]
        database = typical(costs, lambda it: it.database)
        yield (
            what,
            name,
            _us(typical(costs, lambda it: it.server)),
            _us(typical(costs, lambda it: it.first)),
            _us(typical(costs, lambda it: it.fullest)),
            _us(database),
            f"{database / whole:.1f}" if whole else "",
            f"{median(speeds):.2f}",
        )


def _one_writer(found: Scaling) -> str:
    """Return what one organization stored, and what its processor time would be enough for.

    Each event needs PostgreSQL's time alone, because the commits of an organization wait for each
    other; while one waits, the server can prepare the next.
    """
    head = ("On", "Fastest", "Median", "PostgreSQL alone", "With the server")
    rows = (
        (
            name,
            f"{1 / min(it.seconds for it in costs):,.0f}",
            f"{1 / typical(costs, lambda it: it.seconds):,.0f}",
            f"{1 / typical(costs, lambda it: it.database):,.0f}",
            f"{1 / typical(costs, lambda it: it.database + it.server):,.0f}",
        )
        for name, costs in found.costs[LARGE].items()
    )
    return table(head, rows)


def _others(found: Scaling) -> str:
    head = (
        *("On", "Log, many", "Log, one", "Log, 5,000", "Sent to the first, many", "one"),
        *("Sent to workers, many", "one", "Bytes of an event", "Bytes of a sum", "Idle, µs/s"),
    )
    rows = (
        (
            name,
            *(_bytes(found, what, name, attrgetter("log_bytes")) for what in (MANY, ONE, LARGE)),
            *(_bytes(found, what, name, attrgetter("sent_first")) for what in (MANY, ONE)),
            *(_bytes(found, what, name, attrgetter("sent_workers")) for what in (MANY, ONE)),
            f"{found.event_bytes[name]:,.0f}",
            f"{found.sum_bytes[name]:,.0f}",
            _us(found.idle[name].database),
        )
        for name in found.idle
    )
    return table(head, rows) + f"\nBytes of an event in a request: {found.request_bytes:,.0f}\n"


def _bytes(found: Scaling, what: str, name: str, figure: Callable[[Cost], float]) -> str:
    return f"{typical(found.costs[what][name], figure):,.0f}"


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f}" if seconds < 1e-3 else f"{seconds * 1e6:,.0f}"
