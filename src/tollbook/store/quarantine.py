"""The statements for events that wait for a price or an organization."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tollbook.domain.quarantine import Selection
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.event_ids import BEFORE_ALL, encode_id, encode_ids
from tollbook.store.events import DISCARDED
from tollbook.store.ledger import hold_ledgers
from tollbook.store.quarantine_counts import change_counts, subtract
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.unpriced_groups import add_groups_of, mark_left


class Quarantined(NamedTuple):
    """An event in quarantine, as it came, with the reason."""

    number: int
    organization_id: str
    id: str
    received_at: int
    code: str
    reason: str
    event: str


class Cause(NamedTuple):
    """The events in quarantine for one reason: how many, and the first in key order."""

    code: str
    events: int
    example: Quarantined


class Part(NamedTuple):
    """The quarantined events that a key may know of: of a user, and of meters by their codes.

    The defaults stand for all of them.
    """

    user_id: str | None = None
    meters: tuple[int, ...] = ()

    @property
    def condition(self) -> str:
        """Return the condition in SQL, with `parameters`."""
        of_user = "" if self.user_id is None else " AND quarantine.user_id = :user"
        return of_user + (" AND quarantine.meter IN :meters" if self.meters else "")

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the condition."""
        of_user = {} if self.user_id is None else {"user": self.user_id}
        return of_user | ({"meters": list(self.meters)} if self.meters else {})


EVERYTHING = Part()


_JOINED = """
FROM quarantine
JOIN organizations ON organizations.organization_id = quarantine.organization_id
"""
QUARANTINED = f"""
SELECT
    organizations.organization_id, organizations.id, id_text(quarantine.id),
    quarantine.received_at, quarantine.code, quarantine.reason, quarantine.event
{_JOINED}"""
_ONE = f"{QUARANTINED}WHERE quarantine.organization_id = :number AND quarantine.id = :id"
_RANGE = "BETWEEN :first AND :last"
_OF_TENANT = f"""WHERE organizations.tenant_id = :tenant
    AND quarantine.organization_id {_RANGE}"""
_AFTER = """
    AND quarantine.id > :after_id
ORDER BY quarantine.id LIMIT :limit
"""
_CONDITIONS = {
    "codes": "quarantine.code IN :codes",
    "ids": "quarantine.id IN :ids",
    "meter": "quarantine.meter = :meter",
    "start": "quarantine.time >= :start",
    "end": "quarantine.time < :end",
}
_COUNTED = f"""
FROM quarantine_counts
JOIN organizations ON organizations.organization_id = quarantine_counts.organization_id
WHERE organizations.tenant_id = :tenant
    AND quarantine_counts.organization_id {_RANGE}
"""
_BY_CODE = f"""
SELECT quarantine_counts.code, CAST(SUM(quarantine_counts.events) AS BIGINT)
{_COUNTED}GROUP BY quarantine_counts.code
HAVING SUM(quarantine_counts.events) > 0
"""
_WITH_EVENTS = f"""
SELECT DISTINCT quarantine_counts.organization_id
{_COUNTED}    AND quarantine_counts.events > 0
ORDER BY 1 LIMIT :limit
"""
_ORGANIZATIONS_AT_ONCE = 500
_ZONES_THAT_WAIT = """
SELECT DISTINCT organizations.timezone
FROM quarantine_counts
JOIN organizations ON organizations.organization_id = quarantine_counts.organization_id
WHERE organizations.tenant_id = :tenant AND quarantine_counts.events > 0
"""
_IN_ZONES = """
SELECT COUNT(*)
FROM quarantine JOIN organizations ON organizations.organization_id = quarantine.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.timezone IN :zones
    AND quarantine.time BETWEEN :first AND :last"""
_EVERY_NUMBER = (0, 2**62)
_EVERY_EVENT = Selection()
FROM_THE_START = (0, "")
"""The position before all events in quarantine."""
EVERY_TIME = (-(2**62), 2**62)


def waiting(
    snapshot: Snapshot, tenant: str, selection: Selection, after: tuple[int, str], limit: int
) -> list[Quarantined]:
    """List the selected quarantined events of a tenant after `after`, in key order.

    One statement for each organization reads a range of the key; a statement over all of them
    would sort every event of the tenant.
    """
    conditions, parameters = _selected(selection)
    sql = f"{QUARANTINED}WHERE quarantine.organization_id = :number{conditions}{_AFTER}"
    bounds = {"first": max(after[0], parameters.pop("first")), "last": parameters.pop("last")}
    found: list[Quarantined] = []
    for number in _with_events(snapshot, tenant, **bounds):
        rows = snapshot.rows(
            sql,
            number=number,
            after_id=encode_id(after[1]) if number == after[0] else BEFORE_ALL,
            limit=limit - len(found),
            **parameters,
        )
        found += [Quarantined(*row) for row in rows]
        if len(found) == limit:
            break
    return found


def _with_events(snapshot: Snapshot, tenant: str, first: int, last: int) -> Iterator[int]:
    """Yield the numbers of a tenant's organizations that have quarantined events, in order."""
    while True:
        sql = _within(_WITH_EVENTS, first, last)
        rows = snapshot.rows(
            sql, tenant=tenant, first=first, last=last, limit=_ORGANIZATIONS_AT_ONCE
        )
        yield from (number for (number,) in rows)
        if len(rows) < _ORGANIZATIONS_AT_ONCE:
            return
        first = rows[-1][0] + 1


def causes(snapshot: Snapshot, tenant: str, organization: int | None) -> list[Cause]:
    """Count a tenant's or an organization's quarantined events by code, most frequent first."""
    first, last = _numbers(organization)
    sql = _within(_BY_CODE, first, last)
    rows = snapshot.rows(sql, tenant=tenant, first=first, last=last)
    found = []
    for code, events in sorted(rows, key=lambda row: (-row[1], row[0])):
        of_code = Selection(organization=organization, codes=(code,))
        (example,) = waiting(snapshot, tenant, of_code, FROM_THE_START, 1)
        found.append(Cause(code, events, example))
    return found


def _selected(selection: Selection) -> tuple[str, dict[str, Any]]:
    """Return the conditions of a selection, and the parameters of the statement."""
    values = {name: getattr(selection, name) for name in _CONDITIONS}
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value not in (None, ())
    }
    conditions = "".join(f"\n    AND {_CONDITIONS[name]}" for name in given)
    first, last = _numbers(selection.organization)
    if selection.ids:
        given["ids"] = encode_ids(selection.ids)
    return conditions, {"first": first, "last": last, **given}


def _numbers(organization: int | None) -> tuple[int, int]:
    return (organization, organization) if organization else _EVERY_NUMBER


def _within(sql: str, first: int, last: int) -> str:
    """Return a statement on a range of organizations.

    A cluster asks all nodes about a range, and one node about an equal number.
    """
    return sql.replace(_RANGE, "= :first") if first == last else sql


def find(snapshot: Snapshot, number: int, identity: str) -> Quarantined | None:
    """Find one event of an organization in quarantine."""
    row = snapshot.row(_ONE, number=number, id=encode_id(identity))
    return Quarantined(*row) if row else None


def still_waiting(
    transaction: Transaction, events: Sequence[Quarantined]
) -> dict[tuple[int, str], str]:
    """Return the codes of those that are still in quarantine, and lock their ledgers.

    Without the lock, two runs at once could release an event twice.
    """
    hold_ledgers(transaction, {event.number for event in events})
    rows = transaction.rows(
        "SELECT organization_id, id_text(id), code FROM quarantine "
        "WHERE organization_id IN :numbers AND id IN :ids",
        numbers=sorted({event.number for event in events}),
        ids=encode_ids(event.id for event in events),
    )
    return {(row[0], row[1]): row[2] for row in rows}


def give_reasons(
    transaction: Transaction,
    events: Sequence[Quarantined],
    codes: Mapping[tuple[int, str], str],
    now: int,
) -> None:
    """Update the reasons of events that stay in quarantine; `codes` has those before."""
    transaction.execute_many(
        "UPDATE quarantine SET code = :code, reason = :reason "
        "WHERE organization_id = :number AND id = :id",
        [{"code": event.code, "reason": event.reason, **_key_of(event)} for event in events],
    )
    changes = Counter((event.number, event.code) for event in events)
    before = [(event.number, codes[event.number, event.id]) for event in events]
    changes.subtract(before)
    change_counts(transaction, changes)
    mark_left(transaction, before)
    add_groups_of(transaction, {(event.number, event.id) for event in events}, now)


def _key_of(event: Quarantined) -> dict[str, object]:
    """Return the parameters of a statement on one event."""
    return {"number": event.number, "id": encode_id(event.id)}


def discard(
    transaction: Transaction, events: Sequence[Quarantined], codes: Mapping[tuple[int, str], str]
) -> None:
    """Delete events from quarantine; the transaction holds their ledgers.

    Their identities stay: an id identifies one content permanently. `codes` are those of the
    events.
    """
    keys = [_key_of(event) for event in events]
    transaction.execute_many(
        f"UPDATE event_keys SET day = {DISCARDED} WHERE organization_id = :number AND id = :id",
        keys,
    )
    _leave(transaction, events, codes)


def forget(
    transaction: Transaction, events: Sequence[Quarantined], codes: Mapping[tuple[int, str], str]
) -> None:
    """Delete events and their identities; the transaction holds their ledgers."""
    keys = [_key_of(event) for event in events]
    transaction.execute_many(
        "DELETE FROM event_keys WHERE organization_id = :number AND id = :id", keys
    )
    _leave(transaction, events, codes)


def _leave(
    transaction: Transaction, events: Sequence[Quarantined], codes: Mapping[tuple[int, str], str]
) -> None:
    keys = [_key_of(event) for event in events]
    transaction.execute_many(
        "DELETE FROM quarantine WHERE organization_id = :number AND id = :id", keys
    )
    subtract(transaction, [(event.number, codes[event.number, event.id]) for event in events])


def count_selected(snapshot: Snapshot, tenant: str, selection: Selection = _EVERY_EVENT) -> int:
    """Count the selected quarantined events of a tenant."""
    conditions, parameters = _selected(selection)
    sql = f"SELECT COUNT(*) {_JOINED}{_OF_TENANT}{conditions}"
    if selection == Selection(organization=selection.organization, codes=selection.codes):
        of_codes = "AND quarantine_counts.code IN :codes" if selection.codes else ""
        sql = f"SELECT CAST(SUM(quarantine_counts.events) AS BIGINT) {_COUNTED}{of_codes}"
    sql = _within(sql, parameters["first"], parameters["last"])
    ((found,),) = snapshot.rows(sql, tenant=tenant, **parameters)
    return int(found or 0)


def count(
    snapshot: Snapshot,
    tenant: str,
    organization: int | None = None,
    times: tuple[int, int] = EVERY_TIME,
    part: Part = EVERYTHING,
) -> int:
    """Count the quarantined events of a tenant or an organization, with times in a range.

    `times` are the first and last instant, in microseconds.
    """
    if times == EVERY_TIME and part == EVERYTHING:
        return count_selected(snapshot, tenant, Selection(organization=organization))
    bound = {"first": times[0], "last": times[1], **part.parameters}
    within = f"quarantine.time BETWEEN :first AND :last{part.condition}"
    if organization is not None:
        ((found,),) = snapshot.rows(
            f"SELECT COUNT(*) FROM quarantine WHERE organization_id = :number AND {within}",
            number=organization,
            **bound,
        )
    else:
        ((found,),) = snapshot.rows(
            "SELECT COUNT(*) FROM quarantine JOIN organizations "
            "ON organizations.organization_id = quarantine.organization_id "
            f"WHERE organizations.tenant_id = :tenant AND {within}",
            tenant=tenant,
            **bound,
        )
    return int(found)


def count_by_zone(
    snapshot: Snapshot,
    tenant: str,
    times_in: Callable[[str], tuple[int, int]],
    part: Part = EVERYTHING,
) -> int:
    """Count a tenant's quarantined events; each organization's range is in its own time zone.

    `times_in` returns the first and last instant, in microseconds, in a zone.
    """
    zones = [name for (name,) in snapshot.rows(_ZONES_THAT_WAIT, tenant=tenant)]
    together: dict[tuple[int, int], list[str]] = {}
    for name in zones:
        together.setdefault(times_in(name), []).append(name)
    return sum(
        int(count)
        for (first, last), names in together.items()
        for (count,) in snapshot.rows(
            f"{_IN_ZONES}{part.condition}",
            tenant=tenant,
            zones=names,
            first=first,
            last=last,
            **part.parameters,
        )
    )


def count_all(database: Database) -> dict[str, int]:
    """Count the quarantined events of all tenants by code."""
    with database.reading() as snapshot:
        rows = snapshot.rows(
            "SELECT code, CAST(SUM(events) AS BIGINT) FROM quarantine_counts "
            f"GROUP BY code HAVING SUM(events) > 0 {ALL_TENANTS}"
        )
    return {code: int(events) for code, events in rows}
