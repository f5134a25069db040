"""The statements of corrections: events that replace others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from tollbook.store import identities, ledger, ledger_statements, reversals
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.events import Corrected, Reversed
from tollbook.store.ledger import Touched
from tollbook.store.quarantine import QUARANTINED, Quarantined
from tollbook.store.quarantine_counts import OfCode, subtract
from tollbook.store.staging import Staged
from tollbook.store.tables.schema import metadata

_TYPES = {
    name: str(metadata.tables["corrections"].columns[name].type) for name in Corrected._fields
}
_WITHOUT_REVERSAL = {name: kind for name, kind in _TYPES.items() if name != "reversal_id"}
_organization, _corrects = (
    itemgetter(Corrected._fields.index(name)) for name in ("organization_id", "corrects")
)
_WHOLE = ", ".join(column.name for column in metadata.tables["corrected_events"].columns)
_SELECTED = "WHERE organization_id = :number AND id IN :ids"
MOVE = (
    f"INSERT INTO corrected_events ({_WHOLE}) SELECT {_WHOLE} FROM quarantine {_SELECTED}",
    f"DELETE FROM quarantine {_SELECTED}",
)
WAITING = f"SELECT id, code, event FROM quarantine {_SELECTED}"
ONE = (
    f"{QUARANTINED.replace('quarantine', 'corrected_events')}"
    "WHERE corrected_events.organization_id = :number AND corrected_events.id = :id"
)
# A chain is a path: each event corrects one, and is corrected by one.
CHAIN = """
WITH RECURSIVE chain AS (
    SELECT CAST(:id AS TEXT) AS id, 0 AS place
    UNION ALL
    SELECT corrections.{to}, chain.place + 1
    FROM corrections JOIN chain ON corrections.{of} = chain.id
    WHERE corrections.organization_id = :number
)
SELECT id FROM chain ORDER BY place DESC LIMIT 1
"""
FIRST = CHAIN.format(to="corrects", of="id")
LATEST = CHAIN.format(to="id", of="corrects")
ANY = "SELECT 1 FROM corrections WHERE organization_id = :number LIMIT 1"


class IdsTaken(Exception):
    """Ends a transaction whose corrections have ids that other events have."""


class Accepted(NamedTuple):
    """What a transaction stores: the rows of the events that replace others, and what they replace.

    `moved` are the ids of the replaced events in quarantine, by the number of the organization, and
    `left` their codes.
    """

    rows: Sequence[Staged]
    reversal_rows: Sequence[Staged]
    reversals: Sequence[Reversed]
    corrections: Sequence[Corrected]
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
    touched = ledger.touch_versions(transaction, now)
    if identities.claim(transaction) < len(rows):
        raise IdsTaken
    ledger.add(transaction, rows, columns, touched.as_of, new_users(touched))
    if any(row.tier_key is not None for row in rows):
        transaction.execute(ledger_statements.ADD_POSITIONS)
    _move(transaction, accepted)
    # An empty column costs SQLite more than a full one.
    types = _TYPES if accepted.reversals else _WITHOUT_REVERSAL
    transaction.bulk("corrections", types, _rows(accepted.corrections, types, touched.as_of))
    if accepted.reversals:
        transaction.execute(ledger_statements.EMPTY_STAGING)
        transaction.stage(accepted.reversal_rows)
        reversals.add(transaction, accepted.reversal_rows, accepted.reversals, touched.as_of)
    return touched


def _rows(made: Iterable[Corrected], columns: Iterable[str], as_of: int) -> Iterator[Row]:
    """Yield these columns of corrections, received at `as_of`, in the order of their keys."""
    *names, last = columns
    assert last == "received_at"  # noqa: S101  the record has it last, too
    values, at = itemgetter(*map(Corrected._fields.index, names)), (as_of,)
    # Sorting twice by one value is faster than once by two.
    by_id = sorted(made, key=_corrects)
    return (values(it) + at for it in sorted(by_id, key=_organization))


def _move(transaction: Transaction, accepted: Accepted) -> None:
    for number, ids in accepted.moved.items():
        for sql in MOVE:
            transaction.execute(sql, number=number, ids=list(ids))
    subtract(transaction, accepted.left)


def waiting(snapshot: Snapshot, number: int, ids: Iterable[str]) -> list[tuple[str, str, str]]:
    """Find events of an organization in quarantine: their ids, codes, and texts as they came."""
    return snapshot.table(WAITING, {"number": number, "ids": sorted(ids)}, 3)


def find(snapshot: Snapshot, number: int, identity: str) -> Quarantined | None:
    """Find one event of an organization that was corrected in quarantine."""
    row = snapshot.row(ONE, number=number, id=identity)
    return Quarantined(*row) if row else None


def ends_of_chain(snapshot: Snapshot, number: int, identity: str) -> tuple[str, str]:
    """Return the ids of the first and the latest event of the chain that an event is part of."""
    first, latest = (snapshot.row(sql, number=number, id=identity) for sql in (FIRST, LATEST))
    assert first and latest  # noqa: S101, PT018  a chain has at least the event itself
    return str(first[0]), str(latest[0])


def has_any(snapshot: Snapshot, number: int) -> bool:
    """Return whether any event of an organization was corrected."""
    return snapshot.row(ANY, number=number) is not None


def forget_replaced(transaction: Transaction, number: int, ids: Sequence[str]) -> None:
    """Delete what these events of an organization have replaced in quarantine, with its ids."""
    latest = list(ids)
    while latest:
        parameters = {"number": number, "ids": latest}
        rows = transaction.table(
            "SELECT corrects FROM corrections WHERE organization_id = :number AND id IN :ids",
            parameters,
            1,
        )
        transaction.execute(f"DELETE FROM corrections {_SELECTED}", **parameters)
        latest = [corrects for (corrects,) in rows]
        for table in ("corrected_events", "event_keys"):
            transaction.execute(f"DELETE FROM {table} {_SELECTED}", number=number, ids=latest)
