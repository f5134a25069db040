"""From a decoded event to a fact: everything about it in the form it is stored in."""

import msgspec

from tollbook.domain.directory import id_problem
from tollbook.domain.events import (
    NOTHING,
    Event,
    attributes_text,
    fingerprint,
    microseconds,
)
from tollbook.domain.exact import MICROS, micros_of, nanos_of
from tollbook.domain.meters import BY_TYPE, Meter


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A sound event with its stored forms."""

    index: int
    event: Event
    meter: Meter
    time: int
    quantity: int
    cost: int | None
    attributes: str
    fingerprint: int


def fact_of(index: int, event: Event) -> Fact | None:
    """Make a fact of an event, or None when anything is wrong with it.

    What exactly is wrong, and all of it, is for `ingest.problems` to say.
    """
    meter = BY_TYPE.get(event.type)
    if meter is None or not _ids_are_sound(event, meter):
        return None
    try:
        quantity = micros_of(bytes(event.quantity))
        cost = None if event.cost is NOTHING else _cost_of(event)
    except ValueError:
        return None
    time = microseconds(event.time)
    if time < 0 or (meter.whole and quantity % MICROS):
        return None
    attributes = attributes_text(event.attributes)
    print_ = fingerprint(event, time, quantity, cost, attributes)
    return Fact(index, event, meter, time, quantity, cost, attributes, print_)


def _cost_of(event: Event) -> int | None:
    text = bytes(event.cost)
    return None if text == b"null" else nanos_of(text)


def _ids_are_sound(event: Event, meter: Meter) -> bool:
    user, resource = event.user_id, event.resource_id
    if meter.needs_resource and resource is None:
        return False
    return (
        _is_sound(event.id)
        and _is_sound(event.organization_id)
        and (user is None or _is_sound(user))
        and (resource is None or _is_sound(resource))
    )


def _is_sound(identity: str) -> bool:
    """Tell whether an identifier is sound, quickly for the ordinary ones."""
    return (identity.isprintable() and not identity.isspace()) or not id_problem("", identity)
