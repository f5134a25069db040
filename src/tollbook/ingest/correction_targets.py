"""The events that corrections replace, as they are stored, and the events that replace them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from tollbook.domain.catalog import Catalog
from tollbook.domain.charges import Attributes
from tollbook.domain.corrections import Correction
from tollbook.domain.events import NOTHING, Event, attributes_text, instant_of, microseconds
from tollbook.domain.exact import amount_text, micros_of, nanos_of, quantity_text
from tollbook.domain.keys import ALL_EVENTS, ApiKey, EventRules, Permission
from tollbook.ingest.directory_cache import Terms
from tollbook.ingest.normalize import stored_event
from tollbook.rating.segments import BODY
from tollbook.store.corrections import Waiting
from tollbook.store.events import Stored
from tollbook.store.staging import Staged

_attributes = msgspec.json.Decoder(Attributes)


class Rights(NamedTuple):
    """What the sender of a request may correct, read once from its key; the defaults allow all."""

    organization_id: str | None = None
    user_id: str | None = None
    rules: EventRules = ALL_EVENTS
    may_reverse: bool = True


EVERY_RIGHT = Rights()


def rights_of(key: ApiKey | None) -> Rights:
    """Return the rights of a key, `EVERY_RIGHT` if it has all; the command line needs no key."""
    if key is None:
        return EVERY_RIGHT
    scope, may_reverse = key.scope, key.may(Permission.REVERSE_EVENTS)
    rights = Rights(scope.organization_id, scope.user_id, key.event_rules, may_reverse)
    return EVERY_RIGHT if rights == EVERY_RIGHT else rights


class Target(msgspec.Struct, frozen=True, gc=False):
    """An event that may be corrected: either charged, or waiting in quarantine."""

    event: Event
    charged: Stored | None
    waiting: Waiting | None = None

    @property
    def code(self) -> str:
        """Return why the event is in quarantine; empty for a charged one."""
        return self.waiting.quarantine_code if self.waiting else ""

    def is_outside(self, rights: Rights) -> bool:
        """Return whether a key may not correct the event."""
        if rights is EVERY_RIGHT:
            return False
        meters = rights.rules.meters
        is_of_other_user = rights.user_id not in (None, self.event.user_id)
        return is_of_other_user or bool(meters and self.event.type not in meters)


def charged_target(event: Stored, catalog: Catalog) -> Target:
    """Return a charged event as a target; its organization is that of the correction."""
    sent = Event(
        id=event.id,
        type=catalog.of_code(event.meter).type,
        organization_id="",
        time=instant_of(event.time),
        quantity=msgspec.Raw(quantity_text(event.quantity).encode()),
        user_id=event.user_id or None,
        resource_id=event.resource_id,
        attributes=msgspec.json.decode(event.attributes) if event.attributes else None,
        cost=NOTHING
        if event.own_cost is None
        else msgspec.Raw(amount_text(event.own_cost).encode()),
    )
    return Target(sent, event)


def waiting_target(waiting: Waiting) -> Target:
    """Return an event in quarantine as a target."""
    return Target(stored_event(waiting.quarantined_event), None, waiting)


def target_of(row: Staged, catalog: Catalog) -> Target:
    """Return a staged event as a target."""
    if row.code:
        return waiting_target(Waiting(0, row.code, row.reason, row.attributes))
    return charged_target(_stored_of(row), catalog)


def _stored_of(row: Staged) -> Stored:
    return Stored(
        organization_id=row.organization_id,
        day=row.day,
        id=row.id,
        user_id=row.user_id,
        meter=row.meter,
        resource_id=row.resource_id or None,
        time=row.time,
        quantity=row.quantity,
        billed=row.billed,
        cost=row.cost,
        rate_id=row.rate_id,
        attributes=row.attributes,
        received_at=0,
        own_cost=row.own_cost,
        buy=row.buy,
        position=row.position,
        tier_key=row.tier_key,
        reverses=None,
        hour=row.hour,
        country=row.country,
    )


def changes_nothing(correction: Correction, target: Target, terms: Terms) -> bool:
    """Return whether every field that a correction names has the value that is stored."""
    if ends_pending(correction, target):
        return False
    for name, value in correction.values.items():
        if _VALUES[name](target.event) != value and not (
            name == "attributes" and value and _is_same(correction, target, terms)
        ):
            return False
    return True


def ends_pending(correction: Correction, target: Target) -> bool:
    """Return whether a cost, or null to be charged by the price book, ends the wait for one."""
    changes = correction.changes
    is_pending = bool(target.event.cost_pending)
    return is_pending and "cost" in changes and "cost_pending" not in changes


_VALUES: dict[str, Callable[[Event], Any]] = {
    "time": lambda event: microseconds(event.time),
    "type": lambda event: event.type,
    "quantity": lambda event: micros_of(bytes(event.quantity)),
    "user_id": lambda event: event.user_id,
    "resource_id": lambda event: event.resource_id,
    "attributes": lambda event: attributes_text(event.attributes) or None,
    "cost": lambda event: None if event.cost is NOTHING else nanos_of(bytes(event.cost)),
    "cost_pending": lambda event: event.cost_pending or None,
}
"""The value of each field of a stored event, as `Correction.values` has it."""


def _is_same(correction: Correction, target: Target, terms: Terms) -> bool:
    """Compare attributes in the form in which they are stored: masked, and without a text."""
    given = _attributes.decode(correction.changes["attributes"])
    kept = {name: value for name, value in given.items() if name != BODY}
    if terms.masker is not None:
        waits = target.charged is None
        kept = terms.masker.mask(kept, terms.number_format, waits=waits)
    return attributes_text(kept) == attributes_text(target.event.attributes)


def corrected_event(correction: Correction, target: Target) -> Event:
    """Return the event that replaces a target."""
    changed: dict[str, Any] = {
        "id": correction.id,
        "organization_id": correction.organization_id,
    }
    for name in correction.changes:
        changed[name] = _field(correction, name)
    if ends_pending(correction, target):
        changed["cost_pending"] = None
    return replace(target.event, **changed)


def _field(correction: Correction, name: str) -> Any:
    """Return a changed field as an event has it."""
    value, written = correction.values[name], correction.changes[name]
    if name == "cost" and value is None:
        return NOTHING
    if name in ("cost", "quantity"):
        return msgspec.Raw(written)
    if name == "time":
        assert isinstance(value, int)  # noqa: S101  a time is never null
        return instant_of(value)
    if name == "attributes" and value is not None:
        return _attributes.decode(written)
    return value
