"""The extent of a run: about half an hour in full, about five minutes if quick."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The number of rounds, of requests by connections, of answers, and of ratings.

    `thorough` adds an organization in which every user has a knowledge base, and the days of 10,000
    users. `pages` is how often the dashboard is opened, and `imported_rows` are records, `grown`
    the events of a ledger that grows.
    """

    rounds: int
    batches: Mapping[int, int]
    singles: Mapping[int, int]
    answers: int
    answers_at_once: int
    thorough: bool
    ratings: int
    pages: int
    imported_rows: int
    grown: tuple[int, int]


BATCH = 1_000
_GROWTH = (1, 10, 50)

FULL = Plan(
    rounds=3,
    batches={1: 60, 8: 96, 64: 160},
    singles={1: 400, 8: 3_000, 64: 9_000},
    answers=80,
    answers_at_once=320,
    thorough=True,
    ratings=25,
    pages=10,
    imported_rows=1_000_000,
    grown=(500_000, 5_000_000),
)
QUICK = Plan(
    rounds=2,
    batches={1: 12, 8: 24, 64: 64},
    singles={1: 60, 8: 300, 64: 1_500},
    answers=20,
    answers_at_once=64,
    thorough=False,
    ratings=9,
    pages=3,
    imported_rows=100_000,
    grown=(50_000, 200_000),
)


def growth(most_millions: int) -> tuple[int, ...]:
    """Return the sizes to measure up to the largest, in millions of events."""
    return tuple(it for it in _GROWTH if it <= most_millions)
