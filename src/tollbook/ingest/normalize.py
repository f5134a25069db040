"""Normalize a decoded event: all of its values in the form in which they are stored."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tollbook.domain import exact
from tollbook.domain.charges import Attributes
from tollbook.domain.cloud_events import CloudOrigin
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
from tollbook.domain.exact import MICROS
from tollbook.domain.meters import BY_TYPE, Meter
from tollbook.rating.segments import BODY, BODY_LENGTH, measure_segments

_event = msgspec.json.Decoder(Event)
_NULL = b"null"
LATEST_TIME = microseconds(datetime.max.replace(tzinfo=UTC))
"""The last microsecond of the year 9999 in UTC."""
# Most quantities are small whole numbers that repeat.
_micros_of = lru_cache(4096)(exact.micros_of)
known_nanos_of = lru_cache(4096)(exact.nanos_of)
"""The cost of a correction is read twice: when it is decoded, and in the event that it makes."""


class NormalizedEvent(msgspec.Struct, frozen=True, gc=False):
    """A valid event with its stored values, none of which holds the text of a message."""

    index: int
    event: Event
    meter: Meter
    time: int
    quantity: int
    cost: int | None
    attributes: str
    fingerprint: int
    origin: CloudOrigin | None = None
    """Where a CloudEvent had the fields."""


class ClaimedIdentity(NamedTuple):
    """The fields of an event that decide whether its key may send it, and when.

    `cost_field` names the field that states or defers its cost, if there is one.
    """

    id: str | None
    organization_id: str
    user_id: str | None
    type: str
    time: int
    cost_field: str = ""


def normalize(
    index: int,
    event: Event,
    print_: int | None = None,
    by_type: Mapping[str, Meter] = BY_TYPE,
) -> NormalizedEvent | None:
    """Return an event with its stored values; None when it has a problem.

    `ingest.problems` lists the problems. `print_` is the fingerprint of a corrected event, and
    `by_type` has the meters of its tenant.
    """
    meter = by_type.get(event.type)
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
        cost = None if event.cost is NOTHING else known_nanos_of(bytes(event.cost))
    except ValueError:
        return None
    time = microseconds(event.time)
    if not 0 <= time <= LATEST_TIME or (meter.whole and quantity % MICROS):
        return None
    if event.cost_pending and cost is not None:
        return None
    given = event.attributes
    if given and (BODY in given or BODY_LENGTH in given):
        return _normalize_text(index, event, meter, time, quantity, cost, print_)
    attributes = attributes_text(given)
    if (meter.text and not quantity) or has_long_text(given, attributes):
        return None
    if print_ is None:
        print_ = fingerprint(event, time, quantity, cost, attributes)
    return NormalizedEvent(index, event, meter, time, quantity, cost, attributes, print_)


def stored_event(text: str) -> Event:
    """Read an event as the quarantine stores it, where an absent cost is null."""
    event = _event.decode(text)
    if bytes(event.cost) == _NULL:
        msgspec.structs.force_setattr(event, "cost", NOTHING)  # no one else has the event yet
    return event


def lacks_quantity(event: Event, meter: Meter) -> bool:
    """Return whether an event has no quantity, although its meter is measured."""
    return meter.measured and event.quantity is ONE


def _normalize_text(
    index: int,
    event: Event,
    meter: Meter,
    time: int,
    quantity: int,
    cost: int | None,
    print_: int | None,
) -> NormalizedEvent | None:
    """Normalize an event with a message text, of which only a hash remains."""
    given = event.attributes or {}
    segments = None
    if meter.text and (event.quantity is ONE or not quantity):
        try:
            segments = count_segments(given)
        except ValueError:
            return None
    if segments is not None:
        quantity = segments * MICROS
    if print_ is None:
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


def count_segments(attributes: Attributes) -> int | None:
    """Return the number of segments of the text that attributes describe; None without a text.

    Raise ValueError, with a sentence that begins with the attribute's name, for invalid ones.
    """
    plain = {
        name: plain_number(value) if type(value) is float else value
        for name, value in attributes.items()
    }
    return measure_segments(plain)[0]


def _is_sound(identity: str) -> bool:
    return not id_problem("", identity)


_is_known_sound = lru_cache(65_536)(_is_sound)
"""Ids of organizations and users repeat; ids of events do not, and are not cached."""
