"""The statements for events that wait for a price or an organization."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.ledger import hold_ledgers
from tollbook.store.scope_check import ALL_TENANTS


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


_QUARANTINED = """
SELECT
    organizations.organization_id, organizations.id, quarantine.id, quarantine.received_at,
    quarantine.code, quarantine.reason, quarantine.event
FROM quarantine
JOIN organizations ON organizations.organization_id = quarantine.organization_id
"""
_ONE = f"{_QUARANTINED}WHERE quarantine.organization_id = :number AND quarantine.id = :id"
_WAITING = f"""{_QUARANTINED}WHERE organizations.tenant_id = :tenant
    AND (
        quarantine.organization_id > :after_number
        OR (quarantine.organization_id = :after_number AND quarantine.id > :after_id)
    )
    AND quarantine.organization_id BETWEEN :first AND :last{{of_code}}
ORDER BY quarantine.organization_id, quarantine.id
LIMIT :limit
"""
_OF_CODE = "\n    AND quarantine.code = :code"
_BY_CODE = """
SELECT quarantine.code, COUNT(*)
FROM quarantine
JOIN organizations ON organizations.organization_id = quarantine.organization_id
WHERE organizations.tenant_id = :tenant
    AND quarantine.organization_id BETWEEN :first AND :last
GROUP BY quarantine.code
"""
_ZONES_THAT_WAIT = """
SELECT DISTINCT timezone FROM organizations
WHERE tenant_id = :tenant AND EXISTS (
    SELECT 1 FROM quarantine WHERE quarantine.organization_id = organizations.organization_id
)"""
_IN_ZONES = """
SELECT COUNT(*)
FROM quarantine JOIN organizations ON organizations.organization_id = quarantine.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.timezone IN :zones
    AND quarantine.time BETWEEN :first AND :last"""
_EVERY_NUMBER = (0, 2**62)
FROM_THE_START = (0, "")
"""The position before all events in quarantine."""
EVERY_TIME = (-(2**62), 2**62)


def waiting(
    snapshot: Snapshot,
    tenant: str,
    organization: int | None,
    after: tuple[int, str],
    limit: int,
    code: str | None = None,
) -> list[Quarantined]:
    """List a tenant's or an organization's quarantined events after `after`, in key order."""
    first, last = _numbers(organization)
    of_code = {} if code is None else {"code": code}
    rows = snapshot.rows(
        _WAITING.format(of_code=_OF_CODE if of_code else ""),
        tenant=tenant,
        after_number=after[0],
        after_id=after[1],
        first=first,
        last=last,
        limit=limit,
        **of_code,
    )
    return [Quarantined(*row) for row in rows]


def causes(snapshot: Snapshot, tenant: str, organization: int | None) -> list[Cause]:
    """Count a tenant's or an organization's quarantined events by code, most frequent first."""
    first, last = _numbers(organization)
    rows = snapshot.rows(_BY_CODE, tenant=tenant, first=first, last=last)
    found = []
    for code, events in sorted(rows, key=lambda row: (-row[1], row[0])):
        (example,) = waiting(snapshot, tenant, organization, FROM_THE_START, 1, code)
        found.append(Cause(code, events, example))
    return found


def _numbers(organization: int | None) -> tuple[int, int]:
    return (organization, organization) if organization else _EVERY_NUMBER


def find(snapshot: Snapshot, number: int, identity: str) -> Quarantined | None:
    """Find one event of an organization in quarantine."""
    row = snapshot.row(_ONE, number=number, id=identity)
    return Quarantined(*row) if row else None


def still_waiting(transaction: Transaction, events: Sequence[Quarantined]) -> set[tuple[int, str]]:
    """Return which of these are still in quarantine, and lock their organizations' ledgers.

    Without the lock, two replays at once could release an event twice.
    """
    hold_ledgers(transaction, {event.number for event in events})
    rows = transaction.rows(
        "SELECT organization_id, id FROM quarantine WHERE organization_id IN :numbers "
        "AND id IN :ids",
        numbers=sorted({event.number for event in events}),
        ids=[event.id for event in events],
    )
    return {(row[0], row[1]) for row in rows}


def give_reasons(transaction: Transaction, events: Sequence[Quarantined]) -> None:
    """Update the reasons of events that stay in quarantine."""
    transaction.execute_many(
        "UPDATE quarantine SET code = :code, reason = :reason "
        "WHERE organization_id = :number AND id = :id",
        [
            {"code": event.code, "reason": event.reason, "number": event.number, "id": event.id}
            for event in events
        ],
    )


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


def count_all(database: Database) -> int:
    """Count the quarantined events of all tenants."""
    with database.reading() as snapshot:
        return snapshot.integer(f"SELECT COUNT(*) FROM quarantine {ALL_TENANTS}")
