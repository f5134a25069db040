"""The corrections of listed events: what each corrects, and what has corrected it."""

from tollbook.analytics.tables import Column, ColumnKind
from tollbook.store import corrections, events
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row
from tollbook.store.events import Corrected

CORRECTIONS = (Column("corrects", ColumnKind.TEXT), Column("corrected_by", ColumnKind.TEXT))
"""The last columns of listed events."""


def with_corrections(snapshot: Snapshot, number: int, as_of: int, rows: list[Row]) -> list[Row]:
    """Return rows, which begin with an id, followed by the values of `CORRECTIONS`.

    Corrections that were received after `as_of` are left out.
    """
    if not rows or not corrections.has_any(snapshot, number):
        return [(*row, None, None) for row in rows]
    ids = [row[0] for row in rows]
    made = events.corrections_by(snapshot, number, ids)
    replaced = events.corrections_of(snapshot, number, ids)

    def known(correction: Corrected | None) -> Corrected | None:
        return correction if correction and correction.received_at <= as_of else None

    return [
        (*row, of and of.corrects, by and by.id)
        for row in rows
        for of, by in [(known(made.get(row[0])), known(replaced.get(row[0])))]
    ]
