"""From a fact and its organization's terms to a row for the ledger, or for quarantine."""

from collections.abc import Mapping

import msgspec

from tollbook.domain.charges import Charge, Unpriced, Usage
from tollbook.domain.errors import Problem
from tollbook.domain.keys import Scope
from tollbook.domain.periods import day_and_minute
from tollbook.ingest.catalogue import Terms
from tollbook.ingest.facts import Fact
from tollbook.rating.charge import rated
from tollbook.store.staging import Staged

FUTURE_ALLOWED = 24 * 3600 * 1_000_000
"""Clocks differ; an event may be ahead of ours by a day, in microseconds."""

UNKNOWN_ORGANIZATION = Unpriced("unknown_organization", "no organization has this id yet")
_row = tuple.__new__
"""Makes a row of all its values in a third of the time that its type takes to make it of some."""


def refusal(fact: Fact, scope: Scope, now: int) -> Problem | None:
    """Say why a sound event may not come in: too far in the future, or not for this key."""
    event = fact.event
    if fact.time > now + FUTURE_ALLOWED:
        return Problem("time", "in_future", "time is more than 24 hours in the future")
    if scope.organization_id not in (None, event.organization_id):
        return Problem(
            "organization_id", "not_for_this_key", "this key is bound to another organization"
        )
    if scope.user_id not in (None, event.user_id):
        return Problem("user_id", "not_for_this_key", "this key is bound to another user")
    return None


def staged(fact: Fact, terms: Terms) -> Staged:
    """Make the row of an event: priced, or on its way to quarantine with the reason."""
    event, meter = fact.event, fact.meter
    day, minute = day_and_minute(fact.time, terms.zone)
    charge = _charge(fact, terms, day, minute)
    user = event.user_id or ""
    if isinstance(charge, Unpriced):
        return Staged(
            organization_id=terms.number,
            id=event.id,
            fingerprint=fact.fingerprint,
            day=0,
            user_id=user,
            owner="",
            meter=meter.code,
            resource_id=event.resource_id,
            time=fact.time,
            quantity=0,
            billed=0,
            cost=0,
            rate_id=None,
            attributes=msgspec.json.encode(event).decode(),
            code=charge.code,
            reason=charge.reason,
        )
    return _row(
        Staged,
        (
            terms.number,
            event.id,
            fact.fingerprint,
            day,
            user,
            "" if meter.organization_level else user,
            meter.code,
            event.resource_id,
            fact.time,
            fact.quantity,
            charge.billed,
            charge.cost,
            charge.rate_id,
            fact.attributes,
            "",
            "",
        ),
    )


def staged_all(facts: list[Fact], terms: Mapping[str, Terms]) -> list[Staged]:
    """Make the rows of facts, in order."""
    return [staged(fact, terms[fact.event.organization_id]) for fact in facts]


def _charge(fact: Fact, terms: Terms, day: int, minute: int) -> Charge | Unpriced:
    if not terms.known:
        return UNKNOWN_ORGANIZATION
    event = fact.event
    usage = Usage(fact.meter.type, fact.quantity, day, event.attributes, fact.cost, minute)
    return rated(terms.books, usage, terms.currency)
