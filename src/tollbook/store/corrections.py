"""The statements of corrections: events that replace others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from tollbook.store import closed_days, identities, ledger, ledger_statements, reversals
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.event_ids import encode_id, encode_ids, encode_optional
from tollbook.store.events import Corrected, Reversed
from tollbook.store.ledger import Touched
from tollbook.store.quarantine import Quarantined
from tollbook.store.quarantine_counts import OfCode, subtract
from tollbook.store.staging import Staged
from tollbook.store.tables.columns import type_of
from tollbook.store.tables.schema import metadata


class Waiting(NamedTuple):
    """An event in quarantine: when it was received, why it waits, and its text as it came.

    `quarantined_at` is 0 for an event that the same transaction puts into quarantine.
    """

    quarantined_at: int
    quarantine_code: str
    quarantine_reason: str
    quarantined_event: str


_FIELDS = Corrected._fields + Waiting._fields
_TYPES = {name: type_of(metadata.tables["corrections"].columns[name]) for name in _FIELDS}
_CHARGED = (None,) * len(Waiting._fields)
_SELECTED = "WHERE organization_id = :number AND id IN :ids"
LEAVE = f"DELETE FROM quarantine {_SELECTED}"
WAITING = f"SELECT id_text(id), received_at, code, reason, event FROM quarantine {_SELECTED}"
ONE = """
SELECT
    organizations.organization_id, organizations.id, id_text(corrections.corrects),
    corrections.quarantined_at, corrections.quarantine_code, corrections.quarantine_reason,
    corrections.quarantined_event
FROM corrections
JOIN organizations ON organizations.organization_id = corrections.organization_id
WHERE corrections.organization_id = :number AND corrections.corrects = :id
    AND corrections.quarantined_event IS NOT NULL
"""
# A chain is a path: each event corrects one, and is corrected by one.
CHAIN = """
WITH RECURSIVE chain AS (
    SELECT :id AS id, 0 AS place
    UNION ALL
    SELECT corrections.{to}, chain.place + 1
    FROM corrections JOIN chain ON corrections.{of} = chain.id
    WHERE corrections.organization_id = :number
)
SELECT id_text(id) FROM chain ORDER BY place DESC LIMIT 1
"""
FIRST = CHAIN.format(to="corrects", of="id")
LATEST = CHAIN.format(to="id", of="corrects")
ANY = "SELECT 1 FROM corrections WHERE organization_id = :number LIMIT 1"


class IdsTaken(Exception):
    """Ends a transaction whose corrections have ids that other events have."""


Replacement = tuple[Corrected, Waiting | None]
"""The record of a correction, and the event in quarantine that it replaces, if it replaces one."""


class Accepted(NamedTuple):
    """What a transaction stores: the rows of the events that replace others, and what they replace.

    `moved` are the ids of the replaced events in quarantine, by the number of the organization, and
    `left` their codes.
    """

    rows: Sequence[Staged]
    reversal_rows: Sequence[Staged]
    reversals: Sequence[Reversed]
    corrections: Sequence[Replacement]
    moved: Mapping[int, Sequence[str]]
    left: Sequence[OfCode]


def record(
    transaction: Transaction, accepted: Accepted, now: int, new_users: Callable[[Touched], bool]
) -> Touched:
    """Store corrections in a transaction that holds their ledgers.

    Raise `IdsTaken` when an id of a row is taken; the transaction must be rolled back then.
    """
    rows = accepted.rows
    columns = transaction.stage(rows)
    touched = ledger.touch_versions(transaction, rows, now)
    closed_days.note_days(
        transaction, ((row.organization_id, row.day) for row in accepted.reversal_rows)
    )
    if identities.claim(transaction) < len(rows):
        raise IdsTaken
    ledger.add(transaction, rows, columns, touched.as_of, new_users(touched))
    if any(row.tier_key is not None for row in rows):
        transaction.execute(ledger_statements.ADD_POSITIONS)
    _leave_quarantine(transaction, accepted)
    _add_corrections(transaction, accepted, touched.as_of)
    if accepted.reversals:
        transaction.execute(ledger_statements.EMPTY_STAGING)
        transaction.stage(accepted.reversal_rows)
        reversals.add(transaction, accepted.reversal_rows, accepted.reversals, touched.as_of)
    return touched


def _add_corrections(transaction: Transaction, accepted: Accepted, as_of: int) -> None:
    """Insert the records of corrections, received at `as_of`, in the order of their keys."""
    columns = [name for name in _FIELDS if name not in _empty(accepted)]
    values = itemgetter(*map(_FIELDS.index, columns))
    # Sorting twice by one value is faster than once by two.
    by_id = sorted(accepted.corrections, key=lambda made: encode_id(made[0].corrects))
    by_key = sorted(by_id, key=lambda made: made[0].organization_id)
    rows = (values(_row(record, waiting, as_of)) for record, waiting in by_key)
    transaction.bulk("corrections", {name: _TYPES[name] for name in columns}, rows)


def _empty(accepted: Accepted) -> tuple[str, ...]:
    """Return columns that no row has: an empty one costs SQLite more than a full one."""
    if not accepted.reversals:
        return ("reversal_id",)
    return () if accepted.moved else Waiting._fields


def _row(record: Corrected, waiting: Waiting | None, as_of: int) -> Row:
    """Return the values of a correction, in the order of `_FIELDS`."""
    number, corrects, identity, reversal_id, *rest, _ = record
    ids = encode_id(corrects), encode_id(identity), encode_optional(reversal_id)
    stored = (number, *ids, *rest, as_of)
    if waiting is None:
        return (*stored, *_CHARGED)
    return (*stored, waiting.quarantined_at or as_of, *waiting[1:])


def _leave_quarantine(transaction: Transaction, accepted: Accepted) -> None:
    for number, ids in accepted.moved.items():
        transaction.execute(LEAVE, number=number, ids=encode_ids(ids))
    subtract(transaction, accepted.left)


def waiting(snapshot: Snapshot, number: int, ids: Iterable[str]) -> list[tuple[str, Waiting]]:
    """Find events of an organization in quarantine, with their ids."""
    rows = snapshot.table(WAITING, {"number": number, "ids": sorted(encode_ids(ids))}, 5)
    return [(identity, Waiting(*rest)) for identity, *rest in rows]


def find(snapshot: Snapshot, number: int, identity: str) -> Quarantined | None:
    """Find one event of an organization that was corrected in quarantine."""
    row = snapshot.row(ONE, number=number, id=encode_id(identity))
    return Quarantined(*row) if row else None


def ends_of_chain(snapshot: Snapshot, number: int, identity: str) -> tuple[str, str]:
    """Return the ids of the first and the latest event of the chain that an event is part of."""
    first, latest = (
        snapshot.row(sql, number=number, id=encode_id(identity)) for sql in (FIRST, LATEST)
    )
    assert first and latest  # noqa: S101, PT018  a chain has at least the event itself
    return str(first[0]), str(latest[0])


def has_any(snapshot: Snapshot, number: int) -> bool:
    """Return whether any event of an organization was corrected."""
    return snapshot.row(ANY, number=number) is not None


def forget_replaced(transaction: Transaction, number: int, ids: Sequence[str]) -> None:
    """Delete what these events of an organization have replaced in quarantine, with its ids."""
    latest = encode_ids(ids)
    while latest:
        parameters = {"number": number, "ids": latest}
        rows = transaction.table(
            "SELECT id_text(corrects) FROM corrections "
            "WHERE organization_id = :number AND id IN :ids",
            parameters,
            1,
        )
        transaction.execute(f"DELETE FROM corrections {_SELECTED}", **parameters)
        latest = encode_ids(corrects for (corrects,) in rows)
        transaction.execute(f"DELETE FROM event_keys {_SELECTED}", number=number, ids=latest)
