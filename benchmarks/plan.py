"""How much is measured: a full run of about ten minutes, a quick one of about two."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Requests of a round by connections, rounds, and how large the ledgers grow."""

    rounds: int
    batches: Mapping[int, int]
    singles: Mapping[int, int]
    answers: int
    answers_at_once: int


BATCH = 1_000
_GROWTH = (1, 10, 50)

FULL = Plan(
    rounds=3,
    batches={1: 60, 8: 96, 64: 192},
    singles={1: 1_000, 8: 4_000, 64: 12_000},
    answers=100,
    answers_at_once=320,
)
QUICK = Plan(
    rounds=3,
    batches={1: 16, 8: 32, 64: 128},
    singles={1: 200, 8: 1_000, 64: 4_000},
    answers=30,
    answers_at_once=96,
)


def growth(most_millions: int) -> tuple[int, ...]:
    """List the sizes to measure up to the largest, in millions of events."""
    return tuple(it for it in _GROWTH if it <= most_millions)
