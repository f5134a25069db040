"""The usage event as sent by clients, its limits, and its fingerprint."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated

import msgspec
from msgspec import Meta

LONGEST_ID = 255
MOST_ATTRIBUTES = 64
LONGEST_ATTRIBUTE_NAME = 64
LONGEST_ATTRIBUTE_VALUE = 2000
LONGEST_BODY = 64 * 1024
"""In bytes of UTF-8. `body` may be longer than other attributes because it is not stored."""
LARGEST_INTEGER = 2**53
"""The largest integer that every JSON parser reads exactly; larger ones are sent as text."""

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
AttributeValue = (
    Annotated[str, Meta(max_length=LONGEST_BODY)]
    | Annotated[int, Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
    | float
    | bool
    | None
)
Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=LONGEST_ATTRIBUTE_NAME)], AttributeValue],
    Meta(max_length=MOST_ATTRIBUTES),
]

ONE = msgspec.Raw(b"1")
NOTHING = msgspec.Raw(b"null")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_unhashed = blake2b(digest_size=8)
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One metered fact, as a platform reports it.

    `quantity` is in the unit of the meter, with at most 6 decimals. `cost`, with at most 9, is
    what the carrier already charged, in the organization's currency; with `cost_pending`, the
    carrier will state it later. Both numbers keep their text until
    `exact.parsed` reads them: floats would lose digits, and decimals would accept notations that
    JSON does not allow. `gc=False` saves garbage collection of large batches; it is safe because
    an event contains no reference cycle.
    """

    id: Id
    type: str
    organization_id: Id
    time: Annotated[datetime, Meta(tz=True)]
    quantity: msgspec.Raw = ONE
    user_id: Id | None = None
    resource_id: Id | None = None
    attributes: Attributes | None = None
    cost: msgspec.Raw = NOTHING
    cost_pending: bool | None = None


def microseconds(instant: datetime) -> int:
    """Return an instant in its stored form, microseconds since 1970-01-01T00:00:00Z."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant_of(stored: int) -> datetime:
    """Return a stored instant as a time in UTC."""
    return EPOCH + timedelta(microseconds=stored)


def instant_text(stored: int) -> str:
    """Return a stored instant as RFC 3339 text in UTC with all digits."""
    return instant_of(stored).isoformat().replace("+00:00", "Z")


def attributes_text(attributes: dict[str, str | int | float | bool | None] | None) -> str:
    """Return attributes as text by value: names sorted, 1.0 as 1; empty if there are none."""
    if not attributes:
        return ""
    text = _encode_sorted(attributes).decode()
    if ".0" not in text:  # only numbers that end in .0 need another notation
        return text
    plain = {
        name: plain_number(value) if type(value) is float else value
        for name, value in attributes.items()
    }
    return _encode_sorted(plain).decode()


def has_long_text(attributes: dict[str, AttributeValue] | None, written: str) -> bool:
    """Return whether an attribute is too long; `written` is the text of all attributes.

    If all attributes together are short, each is short: this saves the check of nearly every event.
    """
    if len(written) <= LONGEST_ATTRIBUTE_VALUE or not attributes:
        return False
    texts = (it for it in attributes.values() if type(it) is str)
    return any(len(it) > LONGEST_ATTRIBUTE_VALUE for it in texts)


def plain_number(value: float) -> float | int:
    """Return 1.0 as 1, so that each value has one notation."""
    return int(value) if value.is_integer() and abs(value) <= LARGEST_INTEGER else value


def fingerprint(event: Event, time: int, quantity: int, cost: int | None, attributes: str) -> int:
    """Hash the content of an event by value into a signed 64-bit integer (BLAKE2b, RFC 7693).

    `time`, `quantity`, `cost` and `attributes` are the stored forms, so that the same instant in
    another offset, or 1 and 1.0, is the same content. `cost_pending` is part of it only when it is
    true, so that earlier fingerprints stay valid. Only events with the same id are compared,
    so with 64 bits a conflict passes as a duplicate with a probability of 1 in 10**19.
    """
    facts = (event.type, event.user_id, event.resource_id, time, quantity, cost, attributes)
    content = _encode((*facts, "cost_pending") if event.cost_pending else facts)
    hashed = _unhashed.copy()
    hashed.update(content)
    return int.from_bytes(hashed.digest(), "big", signed=True)
