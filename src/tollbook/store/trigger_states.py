"""The statements of what triggers have fired, and of what they expect."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row


class ReachedThreshold(NamedTuple):
    """A threshold that a period has reached.

    `threshold` is an amount in the unit of the figure as digits, or the direction of a deviation.
    Instants are in microseconds. What was reached before Tollbook notified is not `notified`.
    """

    organization: int
    trigger_id: str
    period_start: int
    threshold: str
    period_end: int
    value: int
    reached_at: int
    cleared_at: int | None = None
    notified: bool = True


class Baseline(NamedTuple):
    """What a deviation expects of a period, and how far usual periods are from that, in nanos,
    micros or events.
    """

    organization: int
    trigger_id: str
    period_start: int
    period_end: int
    expected: int
    spread: int


_COLUMNS = (
    "organization_id, trigger_id, period_start, threshold, period_end, value, reached_at, "
    "cleared_at, notified"
)
_OF_TRIGGERS = """
WHERE organization_id = :organization AND trigger_id IN :triggers AND period_end > :since
"""
_MOST_NAMED = 5_000
"""Databases limit the parameters of a statement."""


def states(
    snapshot: Snapshot, organization: int, triggers: Iterable[str], since: int
) -> list[ReachedThreshold]:
    """Read what triggers have fired in the periods that end after an instant."""
    sql = f"SELECT {_COLUMNS} FROM trigger_states {_OF_TRIGGERS}"
    found = _of_triggers(snapshot, sql, organization, triggers, since, 9)
    return [
        ReachedThreshold._make((*row[:5], int(row[5]), *row[6:8], bool(row[8]))) for row in found
    ]


def baselines(
    snapshot: Snapshot, organization: int, triggers: Iterable[str], since: int
) -> list[Baseline]:
    """Read what deviations expect of the periods that end after an instant."""
    columns = "organization_id, trigger_id, period_start, period_end, expected, spread"
    sql = f"SELECT {columns} FROM trigger_baselines {_OF_TRIGGERS}"
    found = _of_triggers(snapshot, sql, organization, triggers, since, 6)
    return [Baseline._make((*row[:4], int(row[4]), int(row[5]))) for row in found]


def _of_triggers(
    snapshot: Snapshot,
    sql: str,
    organization: int,
    triggers: Iterable[str],
    since: int,
    width: int,
) -> list[Row]:
    named, found = sorted(triggers), list[Row]()
    for at in range(0, len(named), _MOST_NAMED):
        some = named[at : at + _MOST_NAMED]
        bound = {"organization": organization, "triggers": some, "since": since}
        found += snapshot.table(sql, bound, width)
    return found


def claim(transaction: Transaction, state: ReachedThreshold) -> bool:
    """Insert a state; return False when the threshold was reached in this period before."""
    claimed = transaction.insert(
        f"INSERT INTO trigger_states ({_COLUMNS}) VALUES (:organization, :trigger_id, "
        ":period_start, :threshold, :period_end, :value, :reached_at, NULL, 1) "
        "ON CONFLICT (organization_id, trigger_id, period_start, threshold) DO NOTHING "
        "RETURNING 1",
        organization=state.organization,
        trigger_id=state.trigger_id,
        period_start=state.period_start,
        threshold=state.threshold,
        period_end=state.period_end,
        value=str(state.value),
        reached_at=state.reached_at,
    )
    return bool(claimed)


def clear(transaction: Transaction, state: ReachedThreshold, now: int) -> bool:
    """Mark a state as cleared; return False when it is already."""
    return bool(
        transaction.execute(
            "UPDATE trigger_states SET cleared_at = :now WHERE organization_id = :organization "
            "AND trigger_id = :trigger_id AND period_start = :period_start "
            "AND threshold = :threshold AND cleared_at IS NULL",
            now=now,
            organization=state.organization,
            trigger_id=state.trigger_id,
            period_start=state.period_start,
            threshold=state.threshold,
        )
    )


def freeze(transaction: Transaction, baseline: Baseline) -> None:
    """Insert what a deviation expects of a period; the first stays."""
    transaction.execute(
        "INSERT INTO trigger_baselines (organization_id, trigger_id, period_start, period_end, "
        "expected, spread) VALUES (:organization, :trigger_id, :period_start, :period_end, "
        ":expected, :spread) "
        "ON CONFLICT (organization_id, trigger_id, period_start) DO NOTHING",
        **{
            **baseline._asdict(),
            "expected": str(baseline.expected),
            "spread": str(baseline.spread),
        },
    )


def remove_ended(
    transaction: Transaction, organizations: Sequence[int], longest: int, before: int
) -> None:
    """Delete what was fired and expected in periods of up to a length that ended long ago."""
    for table in ("trigger_states", "trigger_baselines"):
        transaction.rows(
            f"DELETE FROM {table} WHERE organization_id IN :organizations "
            "AND period_end - period_start <= :longest AND period_end < :before "
            "RETURNING organization_id",
            organizations=list(organizations),
            longest=longest,
            before=before,
        )
