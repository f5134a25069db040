"""Discard quarantined events: they are deleted and never charged; their ids stay taken.

An organization that was never created has no identities to keep: its events are forgotten with it.
"""

from collections.abc import Sequence

from tollbook.domain.errors import NotFound
from tollbook.store import corrections, directory, ledger, placeholders, quarantine, versions
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import UNKNOWN, OrganizationRow
from tollbook.store.quarantine import Quarantined


def discard(transaction: Transaction, tenant: str, waiting: Sequence[Quarantined], now: int) -> int:
    """Discard events that are still in quarantine; return how many they were."""
    codes = quarantine.still_waiting(transaction, waiting)
    present = [event for event in waiting if (event.number, event.id) in codes]
    names = {event.organization_id for event in present}
    rows = directory.find_organizations(transaction, tenant, names) if names else []
    unknown = {row.number for row in rows if row.status == UNKNOWN}
    quarantine.discard(transaction, [it for it in present if it.number not in unknown], codes)
    quarantine.forget(transaction, [it for it in present if it.number in unknown], codes)
    for number in sorted(unknown):
        ids = [event.id for event in present if event.number == number]
        corrections.forget_replaced(transaction, number, ids)
    for number in sorted({event.number for event in present}):
        versions.touch(transaction, number, now)
    return len(present)


def discard_event(
    transaction: Transaction, actor: Actor, organization: OrganizationRow, identity: str
) -> None:
    """Discard one event of an organization; raise `NotFound` when it is not in quarantine."""
    ledger.hold_ledgers(transaction, [organization.number])
    event = quarantine.find(transaction, organization.number, identity)
    if event is None:
        raise NotFound("no such event is in quarantine")
    discard(transaction, actor.tenant, [event], actor.at)
    details = {"organization_id": organization.id, "code": event.code}
    is_known = organization.status != UNKNOWN
    number = organization.number if is_known else None
    what = f"event {identity}"
    write_act(transaction, actor, "quarantine.discard_event", what, details, organization=number)
    if not is_known:
        placeholders.forget(transaction, actor.tenant, organization.number, actor.at)
