"""From a fact and its organization's terms to a row for the ledger, or for quarantine."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tollbook.domain.charges import Charge, RatingInput, Unpriced
from tollbook.domain.errors import Problem
from tollbook.domain.events import attributes_text
from tollbook.domain.exact import MICROS, quantity_text
from tollbook.domain.keys import KeyScope
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import local_time
from tollbook.ingest.countries import country_of
from tollbook.ingest.directory_cache import Terms
from tollbook.ingest.masking import Masker
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent
from tollbook.rating.charge import charge_usage
from tollbook.rating.choose import choose
from tollbook.rating.tariff import Chosen
from tollbook.store.staging import Staged

FUTURE_ALLOWED = 24 * 3600 * 1_000_000
"""Clocks differ; an event may be ahead of ours by a day, in microseconds."""

_CALL = BY_TYPE["voice.call"]
MOST_BILLED = 9_000_000_000_000 * MICROS
"""What a month may bill under one tier key: 64 bits hold a little more."""
SUM_OUT_OF_RANGE = "sum_out_of_range"
_FULL = Unpriced(SUM_OUT_OF_RANGE, "")

UNKNOWN_ORGANIZATION = Unpriced("unknown_organization", "no organization has this id yet")
_row = tuple.__new__
"""Makes a row of all its values in a third of the time that its type takes to make it of some."""


def refusals(
    said: ClaimedIdentity, scope: KeyScope, now: int, meters: Sequence[str] = ()
) -> Iterator[Problem]:
    """Say why an event may not come in: too far in the future, or not for this key."""
    if said.time > now + FUTURE_ALLOWED:
        yield Problem("time", "in_future", "time is more than 24 hours in the future")
    if scope.organization_id not in (None, said.organization_id):
        yield Problem(
            "organization_id", "not_for_this_key", "this key is bound to another organization"
        )
    if scope.user_id not in (None, said.user_id):
        yield Problem("user_id", "not_for_this_key", "this key is bound to another user")
    if meters and said.type not in meters:
        yield Problem("type", "not_for_this_key", f"this key is for {', '.join(meters)} only")


def staged(fact: NormalizedEvent, terms: Terms, now: int, months: Months | None = None) -> Staged:
    """Make the row of an event: priced, or on its way to quarantine with the reason.

    `now` is the server's clock in microseconds.

    A charge that depends on its month is left open without `months`: the row has a `tier_key` and
    no `position`, and is made anew in the transaction.
    """
    event, meter, written = fact.event, fact.meter, terms.number_format
    day, minute, hour = local_time(fact.time, terms.zone)
    if not terms.known:
        return _quarantined(fact, terms, UNKNOWN_ORGANIZATION)
    # Micros of a second are microseconds.
    if meter is _CALL and (
        fact.quantity > terms.longest_call or fact.time + fact.quantity > now + FUTURE_ALLOWED
    ):
        return _quarantined(fact, terms, _doubt(fact, terms, now))
    position = tier_key = None
    plain = terms.plain(meter.type, day) if fact.cost is None else None
    charge: Charge | Unpriced | None = plain.charge(fact.quantity) if plain is not None else None
    if charge is None:
        usage = RatingInput(
            meter.type, fact.quantity, day, event.attributes, fact.cost, minute, written
        )
        charge, position, tier_key = _charged(usage, terms, months)
    if isinstance(charge, Unpriced):
        return _quarantined(fact, terms, charge if charge is not _FULL else _full(fact, day))
    user = event.user_id or ""
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
            event.resource_id or "",
            fact.time,
            fact.quantity,
            charge.billed,
            charge.cost,
            charge.rate_id,
            fact.attributes if terms.masker is None else _masked(fact, terms.masker, terms),
            hour,
            country_of(meter.type, event.attributes, written) if event.attributes else "",
            "",
            "",
            charge.buy,
            fact.cost,
            position,
            tier_key,
        ),
    )


def _doubt(fact: NormalizedEvent, terms: Terms, now: int) -> Unpriced:
    """Return why a call cannot have been as long as its event says."""
    if fact.time + fact.quantity > now + FUTURE_ALLOWED:
        return Unpriced(
            "ends_in_future", "the call ends more than 24 hours after the server's clock"
        )
    limit = quantity_text(terms.longest_call)
    return Unpriced("implausibly_long", f"the call is longer than {limit} s, the longest here")


def _full(fact: NormalizedEvent, day: int) -> Unpriced:
    return Unpriced(
        SUM_OUT_OF_RANGE,
        f"quantity would take {fact.event.type} of organization {fact.event.organization_id} past "
        f"{MOST_BILLED // MICROS} billed units in {day // 10000}-{day // 100 % 100:02}",
    )


def _masked(fact: NormalizedEvent, masker: Masker, terms: Terms) -> str:
    given = fact.event.attributes
    return attributes_text(masker.masked(given, terms.number_format)) if given else ""


def _charged(
    usage: RatingInput, terms: Terms, months: Months | None
) -> tuple[Charge | Unpriced, int | None, str | None]:
    """Charge a usage; give the position of its month and its tier key when they matter."""
    found = choose(terms.books, usage, terms.currency)
    # What an event brought is charged whatever the month has billed.
    if type(found) is not Chosen or found.pricing.tier_group is None or usage.cost is not None:
        return charge_usage(found, usage), None, None
    tier_key, month = found.pricing.tier_group, usage.day // 100
    if months is None:
        return Charge(0, 0, found.rate_id), None, tier_key
    position = months.position(terms.number, month, tier_key)
    charge = charge_usage(found, usage, position)
    if not isinstance(charge, Unpriced):
        if position + charge.billed > MOST_BILLED:
            return _FULL, None, None
        months.advance(terms.number, month, tier_key, charge.billed)
    return charge, position, tier_key


def staged_all(facts: list[NormalizedEvent], terms: Mapping[str, Terms], now: int) -> list[Staged]:
    """Make the rows of facts, in order."""
    return [staged(fact, terms[fact.event.organization_id], now) for fact in facts]


def _quarantined(fact: NormalizedEvent, terms: Terms, unpriced: Unpriced) -> Staged:
    event = fact.event
    if terms.masker is not None and event.attributes:
        hidden = terms.masker.masked(event.attributes, terms.number_format, waits=True)
        event = msgspec.structs.replace(event, attributes=hidden)
    return Staged(
        organization_id=terms.number,
        id=event.id,
        fingerprint=fact.fingerprint,
        day=0,
        user_id=event.user_id or "",
        owner="",
        meter=fact.meter.code,
        resource_id=event.resource_id or "",
        time=fact.time,
        quantity=0,
        billed=0,
        cost=0,
        rate_id=None,
        attributes=msgspec.json.encode(event).decode(),
        code=unpriced.code,
        reason=unpriced.reason,
    )
