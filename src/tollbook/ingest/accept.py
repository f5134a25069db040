"""Price a normalized event by its organization's terms: a row for the ledger or for quarantine."""

from collections.abc import Iterator, Mapping

import msgspec

from tollbook.domain.charges import Charge, RatingInput, Unpriced
from tollbook.domain.errors import Problem
from tollbook.domain.events import Event, attributes_text
from tollbook.domain.exact import MICROS, quantity_text
from tollbook.domain.keys import (
    ALL_EVENTS,
    EventRules,
    KeyScope,
    Permission,
    permission_problem,
)
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import local_time
from tollbook.domain.quarantine import PENDING
from tollbook.ingest.countries import country_of
from tollbook.ingest.directory_cache import Terms
from tollbook.ingest.masking import Masker
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent
from tollbook.rating.charge import charge_usage
from tollbook.rating.choose import choose
from tollbook.rating.tariff import ChosenRate
from tollbook.store.staging import Staged

FUTURE_ALLOWED = 24 * 3600 * 1_000_000
"""How far an event may be ahead of the server's clock, in microseconds: clocks differ."""

_CALL = BY_TYPE["voice.call"]
MOST_BILLED = 9_000_000_000_000 * MICROS
"""The most that a month may bill under one tier key: 64 bits hold a little more."""
SUM_OUT_OF_RANGE = "sum_out_of_range"
_FULL = Unpriced(SUM_OUT_OF_RANGE, "")

COST_PENDING = Unpriced(
    PENDING, "the carrier states the price later: correct the event with its cost then"
)
UNKNOWN_ORGANIZATION = Unpriced("unknown_organization", "no organization has this id yet")
_row = tuple.__new__
"""Building a row from all its values takes a third of the time of calling its type."""


def refusals(
    claimed: ClaimedIdentity, scope: KeyScope, now: int, rules: EventRules = ALL_EVENTS
) -> Iterator[Problem]:
    """Yield the reasons to reject an event: too far in the future, or not allowed for its key."""
    if claimed.time > now + FUTURE_ALLOWED:
        yield Problem("time", "in_future", "time is more than 24 hours in the future")
    if scope.organization_id not in (None, claimed.organization_id):
        yield Problem(
            "organization_id", "not_for_this_key", "this key is bound to another organization"
        )
    if scope.user_id not in (None, claimed.user_id):
        yield Problem("user_id", "not_for_this_key", "this key is bound to another user")
    meters = rules.meters
    if meters and claimed.type not in meters:
        yield Problem("type", "not_for_this_key", f"this key is for {', '.join(meters)} only")
    if problem := rules.id_problem(claimed.id):
        yield problem
    if claimed.cost_field and not rules.may_state_costs:
        yield permission_problem(claimed.cost_field, Permission.STATE_COSTS)


def stage_row(
    normalized: NormalizedEvent, terms: Terms, now: int, months: Months | None = None
) -> Staged:
    """Return the row of an event, either priced or quarantined with the reason.

    `now` is the server's clock in microseconds.

    Without `months`, a charge that depends on its month stays open: the row has a `tier_key` and no
    `position`, and is built again in the transaction.
    """
    event, meter, number_format = normalized.event, normalized.meter, terms.number_format
    time, quantity = normalized.time, normalized.quantity
    day, minute, hour = local_time(time, terms.zone)
    if not terms.known:
        return _quarantine_row(normalized, terms, UNKNOWN_ORGANIZATION)
    if event.cost_pending:
        return _quarantine_row(normalized, terms, COST_PENDING)
    # Micros of a second are microseconds.
    if meter is _CALL and (quantity > terms.longest_call or time + quantity > now + FUTURE_ALLOWED):
        return _quarantine_row(normalized, terms, _doubt(normalized, terms, now))
    position = tier_key = None
    charge = _plain_charge(normalized, terms, day)
    if charge is None:
        usage = RatingInput(
            meter.type, quantity, day, event.attributes, normalized.cost, minute, number_format
        )
        charge, position, tier_key = _charge(usage, terms, months)
    if isinstance(charge, Unpriced):
        return _quarantine_row(
            normalized, terms, charge if charge is not _FULL else _full(event, day)
        )
    user = event.user_id or ""
    return _row(
        Staged,
        (
            terms.number,
            event.id,
            normalized.fingerprint,
            day,
            user,
            "" if meter.organization_level else user,
            meter.code,
            event.resource_id or "",
            time,
            quantity,
            charge.billed,
            charge.cost,
            charge.rate_id,
            normalized.attributes if terms.masker is None else _mask(event, terms.masker, terms),
            hour,
            country_of(meter, event.attributes, number_format) if event.attributes else "",
            "",
            "",
            charge.buy,
            normalized.cost,
            position,
            tier_key,
            None,
        ),
    )


def _plain_charge(normalized: NormalizedEvent, terms: Terms, day: int) -> Charge | Unpriced | None:
    """Charge an event whose charge depends on its quantity or its own cost alone."""
    own, quantity, meter = normalized.cost, normalized.quantity, normalized.meter.type
    if own is not None:
        return None if terms.has_markup(meter, day) else Charge(own, quantity, None, own)
    plain = terms.plain(meter, day)
    return None if plain is None else plain.charge(quantity)


def _doubt(normalized: NormalizedEvent, terms: Terms, now: int) -> Unpriced:
    """Return why a call cannot have been as long as its event says."""
    if normalized.time + normalized.quantity > now + FUTURE_ALLOWED:
        return Unpriced(
            "ends_in_future", "the call ends more than 24 hours after the server's clock"
        )
    limit = quantity_text(terms.longest_call)
    return Unpriced("implausibly_long", f"the call is longer than {limit} s, the longest here")


def _full(event: Event, day: int) -> Unpriced:
    return Unpriced(
        SUM_OUT_OF_RANGE,
        f"quantity would raise {event.type} of organization {event.organization_id} above "
        f"{MOST_BILLED // MICROS} billed units in {day // 10000}-{day // 100 % 100:02}",
    )


def _mask(event: Event, masker: Masker, terms: Terms) -> str:
    given = event.attributes
    return attributes_text(masker.mask(given, terms.number_format)) if given else ""


def _charge(
    usage: RatingInput, terms: Terms, months: Months | None
) -> tuple[Charge | Unpriced, int | None, str | None]:
    """Charge a usage; return its month's position and its tier key too, None where unused."""
    found = choose(terms.books, usage, terms.currency)
    # A cost that the event states does not depend on what the month has billed.
    if type(found) is not ChosenRate or found.pricing.tier_group is None or usage.cost is not None:
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


def stage_rows(events: list[NormalizedEvent], terms: Mapping[str, Terms], now: int) -> list[Staged]:
    """Return the rows of events, in order."""
    return [stage_row(it, terms[it.event.organization_id], now) for it in events]


def _quarantine_row(normalized: NormalizedEvent, terms: Terms, unpriced: Unpriced) -> Staged:
    event = normalized.event
    if terms.masker is not None and event.attributes:
        hidden = terms.masker.mask(event.attributes, terms.number_format, waits=True)
        event = msgspec.structs.replace(event, attributes=hidden)
    return Staged(
        organization_id=terms.number,
        id=event.id,
        fingerprint=normalized.fingerprint,
        day=0,
        user_id=event.user_id or "",
        billed_user_id="",
        meter=normalized.meter.code,
        resource_id=event.resource_id or "",
        time=normalized.time,
        quantity=0,
        billed=0,
        cost=0,
        rate_id=None,
        attributes=msgspec.json.encode(event).decode(),
        country=_country(normalized, terms),
        code=unpriced.code,
        reason=unpriced.reason,
    )


def _country(normalized: NormalizedEvent, terms: Terms) -> str:
    given = normalized.event.attributes
    return country_of(normalized.meter, given, terms.number_format) if given else ""
