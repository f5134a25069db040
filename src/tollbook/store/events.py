"""The statements that find identities, events and reversals by their ids."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.charges import Attributes, RatingInput
from tollbook.store.database import Snapshot
from tollbook.store.event_ids import encode_id, texts

_attributes = msgspec.json.Decoder(Attributes).decode
IN_QUARANTINE, DISCARDED, CORRECTED = 0, -1, -2
"""The days of identities whose events are not in the ledger."""

# Correcting an event in quarantine does not update its identity, because that would change a page
# of a large table for each event, and on PostgreSQL its index too.
DAY = f"""CASE WHEN {{keys}}.day = {IN_QUARANTINE} AND (
    SELECT 1 FROM corrections
    WHERE corrections.organization_id = {{keys}}.organization_id
        AND corrections.corrects = {{keys}}.id
) = 1 THEN {CORRECTED} ELSE {{keys}}.day END"""
"""The day of an identity; `keys` is the table of identities or its alias."""


class Key(NamedTuple):
    """The fingerprint and day of an identity's event.

    The day is `IN_QUARANTINE`, `DISCARDED` or `CORRECTED` for an event that is not in the ledger.
    """

    fingerprint: int
    day: int


class Stored(NamedTuple):
    """An event of the ledger, as it is stored.

    `position` is what its month has billed without the event, in micros: before an event, and after
    a reversal.
    """

    organization_id: int
    day: int
    id: str
    user_id: str
    meter: int
    resource_id: str | None
    time: int
    quantity: int
    billed: int
    cost: int
    rate_id: int | None
    attributes: str
    received_at: int
    own_cost: int | None
    buy: int | None
    position: int | None
    tier_key: str | None
    reverses: str | None
    hour: int
    country: str

    @property
    def stood_at(self) -> int | None:
        """Return what the month had billed when the event was charged, in micros."""
        if self.position is None or self.reverses is None:
            return self.position
        return self.position - self.billed

    def usage(self, meter: str = "") -> RatingInput:
        """Return what rating reads of the event, without the minute, which only chooses a rate.

        So does the type of the meter, which an explanation names.
        """
        attributes = _attributes(self.attributes) if self.attributes else None
        return RatingInput(meter, self.quantity, self.day, attributes, self.own_cost)


class Reversed(NamedTuple):
    """A reversal, found by the event it reverses; `key_prefix` is that of the request's key."""

    organization_id: int
    reverses: str
    id: str
    reason: str
    key_prefix: str | None
    received_at: int


class Corrected(NamedTuple):
    """The record of a correction: the event `id` replaces the event `corrects`.

    `reversal_id` is None when the corrected event was in quarantine. `user_id` is the user of the
    corrected event and `corrected_user_id` that of the event which replaces it, empty without one.
    """

    organization_id: int
    corrects: str
    id: str
    reversal_id: str | None
    reason: str
    user_id: str
    corrected_user_id: str
    key_prefix: str | None
    received_at: int


KEYS = f"""
SELECT id_text(id), fingerprint, {DAY.format(keys="event_keys")} FROM event_keys
WHERE organization_id = :number"""
_EVENT = f"SELECT {texts(Stored._fields)} FROM events"
_REVERSAL = f"SELECT {texts(Reversed._fields)} FROM reversals"
_CORRECTION = f"SELECT {texts(Corrected._fields)} FROM corrections"


def keys(snapshot: Snapshot, number: int, ids: Iterable[str]) -> dict[str, Key]:
    """Find identities of an organization."""
    return {row[0]: Key(row[1], row[2]) for row in _of(snapshot, KEYS, 3, number, ids)}


def event(snapshot: Snapshot, number: int, day: int, identity: str) -> Stored | None:
    """Find one event of the ledger."""
    row = snapshot.row(
        f"{_EVENT} WHERE organization_id = :number AND day = :day AND id = :id",
        number=number,
        day=day,
        id=encode_id(identity),
    )
    return Stored(*row) if row else None


def events(snapshot: Snapshot, number: int, days: dict[str, int]) -> dict[str, Stored]:
    """Find events of the ledger by their ids, each with its day."""
    by_day: dict[int, list[str]] = {}
    for identity, day in days.items():
        by_day.setdefault(day, []).append(identity)
    found: dict[str, Stored] = {}
    for day, ids in sorted(by_day.items()):
        sql = f"{_EVENT} WHERE organization_id = :number AND day = :day"
        rows = _of(snapshot, sql, len(Stored._fields), number, ids, day=day)
        found |= {row[2]: Stored(*row) for row in rows}
    return found


def reversals_of(snapshot: Snapshot, number: int, ids: Iterable[str]) -> dict[str, Reversed]:
    """Find the reversals of events, by the id of the reversed event."""
    sql = f"{_REVERSAL} WHERE organization_id = :number"
    rows = _of(snapshot, sql, len(Reversed._fields), number, ids, column="reverses")
    return {row[1]: Reversed(*row) for row in rows}


def corrections_of(snapshot: Snapshot, number: int, ids: Iterable[str]) -> dict[str, Corrected]:
    """Find the corrections of events, by the id of the corrected event."""
    rows = _corrections(snapshot, number, ids, "corrects")
    return {row.corrects: row for row in rows}


def corrections_by(snapshot: Snapshot, number: int, ids: Iterable[str]) -> dict[str, Corrected]:
    """Find the corrections that made events, by the id of the event that was made."""
    return {row.id: row for row in _corrections(snapshot, number, ids, "id")}


def _corrections(
    snapshot: Snapshot, number: int, ids: Iterable[str], column: str
) -> list[Corrected]:
    sql = f"{_CORRECTION} WHERE organization_id = :number"
    rows = _of(snapshot, sql, len(Corrected._fields), number, ids, column=column)
    return [Corrected(*row) for row in rows]


def _of(
    snapshot: Snapshot,
    sql: str,
    width: int,
    number: int,
    ids: Iterable[str],
    column: str = "id",
    **parameters: Any,
) -> list[tuple[Any, ...]]:
    """Read rows of an organization by ids."""
    wanted = sorted(map(encode_id, set(ids)))
    if not wanted:
        return []
    bound = {"number": number, "ids": wanted, **parameters}
    return snapshot.table(f"{sql} AND {column} IN :ids", bound, width)
