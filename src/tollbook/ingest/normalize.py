"""From a decoded event to a fact: everything about it in the form it is stored in."""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from tollbook.domain import exact
from tollbook.domain.charges import Attributes
from tollbook.domain.directory import id_problem
from tollbook.domain.events import (
    LONGEST_BODY,
    NOTHING,
    ONE,
    Event,
    attributes_text,
    fingerprint,
    has_long_text,
    microseconds,
    plain_number,
)
from tollbook.domain.exact import MICROS, nanos_of
from tollbook.domain.meters import BY_TYPE, Meter
from tollbook.rating.segments import BODY, BODY_LENGTH, measure_segments

# Most quantities are small whole numbers that come again and again.
_micros_of = lru_cache(4096)(exact.micros_of)


class NormalizedEvent(msgspec.Struct, frozen=True, gc=False):
    """A sound event with its stored forms; the text of a message is in none of them."""

    index: int
    event: Event
    meter: Meter
    time: int
    quantity: int
    cost: int | None
    attributes: str
    fingerprint: int


class ClaimedIdentity(NamedTuple):
    """What an event says that decides who may send it, and when."""

    organization_id: str
    user_id: str | None
    type: str
    time: int


def fact_of(index: int, event: Event) -> NormalizedEvent | None:
    """Make a fact of an event, or None when anything is wrong with it.

    What exactly is wrong, and all of it, is for `ingest.problems` to say.
    """
    meter = BY_TYPE.get(event.type)
    if meter is None or (meter.needs_resource and event.resource_id is None):
        return None
    identity, organization = event.id, event.organization_id
    user, resource = event.user_id, event.resource_id
    if not (
        ((identity.isprintable() and not identity.isspace()) or _is_sound(identity))
        and _is_known_sound(organization)
        and (user is None or _is_known_sound(user))
        and (resource is None or _is_known_sound(resource))
    ):
        return None
    try:
        quantity = _micros_of(bytes(event.quantity))
        cost = None if event.cost is NOTHING else _cost_of(event)
    except ValueError:
        return None
    time = microseconds(event.time)
    if time < 0 or (meter.whole and quantity % MICROS):
        return None
    given = event.attributes
    if given and (BODY in given or BODY_LENGTH in given):
        return _fact_of_text(index, event, meter, time, quantity, cost)
    attributes = attributes_text(given)
    if (meter.text and not quantity) or has_long_text(given, attributes):
        return None
    print_ = fingerprint(event, time, quantity, cost, attributes)
    return NormalizedEvent(index, event, meter, time, quantity, cost, attributes, print_)


def _fact_of_text(
    index: int, event: Event, meter: Meter, time: int, quantity: int, cost: int | None
) -> NormalizedEvent | None:
    """Make a fact of an event that tells of a text: of the text itself only a hash is left."""
    given = event.attributes or {}
    segments = None
    if meter.text and (event.quantity is ONE or not quantity):
        try:
            segments = segments_told(given)
        except ValueError:
            return None
    if segments is not None:
        quantity = segments * MICROS
    print_ = fingerprint(event, time, quantity, cost, attributes_text(given))
    kept = {name: value for name, value in given.items() if name != BODY}
    attributes = attributes_text(kept)
    if (meter.text and not quantity) or is_long_body(given) or has_long_text(kept, attributes):
        return None
    written = event.quantity if segments is None else msgspec.Raw(str(segments).encode())
    bare = msgspec.structs.replace(event, attributes=kept, quantity=written)
    return NormalizedEvent(index, bare, meter, time, quantity, cost, attributes, print_)


def is_long_body(attributes: Attributes) -> bool:
    """Return whether the text of a message is too long."""
    body = attributes.get(BODY)
    return isinstance(body, str) and len(body.encode()) > LONGEST_BODY


def segments_told(attributes: Attributes) -> int | None:
    """Count the segments of the text that attributes tell of, None when they tell of none.

    When they do it wrongly, ValueError with a sentence that begins with the attribute's name.
    """
    plain = {
        name: plain_number(value) if type(value) is float else value
        for name, value in attributes.items()
    }
    return measure_segments(plain)[0]


def _cost_of(event: Event) -> int | None:
    text = bytes(event.cost)
    return None if text == b"null" else nanos_of(text)


def _is_sound(identity: str) -> bool:
    return not id_problem("", identity)


_is_known_sound = lru_cache(65_536)(_is_sound)
"""Organizations and users come again and again; of events no two have the same id."""
