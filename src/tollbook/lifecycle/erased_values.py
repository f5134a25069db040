"""The values that an erased person's data is replaced with."""

from secrets import token_hex
from typing import Any

import msgspec

from tollbook.domain.meters import BY_CODE
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import CLIENT, ERASED, SIP, kind_of, shown_of
from tollbook.rating.quantity import FROM_DAY, MEDIA_BYTES, UNTIL_DAY

KEPT = ("direction", MEDIA_BYTES, FROM_DAY, UNTIL_DAY)
"""Attributes that charges are replayed from, and that tell of nobody."""

_PHONE_NUMBER = 1_000_000
"""A number from here on may be somebody's telephone."""


def erased_attributes(text: str) -> str:
    """Take out of attributes what may tell of a person."""
    if not text:
        return text
    given: dict[str, Any] = msgspec.json.decode(text)
    kept = {name: value if name in KEPT else _erased(value) for name, value in given.items()}
    return msgspec.json.encode(kept, order="sorted").decode()


def _erased(value: Any) -> Any:
    if isinstance(value, str):
        return ERASED
    if isinstance(value, bool) or value is None:
        return value
    return ERASED if abs(value) >= _PHONE_NUMBER else value


def erased_resource(meter: int, resource: str | None, names: dict[str, str]) -> str | None:
    """Give a number another name; what else is in use, such as a knowledge base, is no person."""
    kind = BY_CODE[meter]
    if resource is None or kind.organization_level or kind.needs_resource:
        return resource
    if not is_number(resource):
        return resource
    return names.setdefault(resource, f"{ERASED}-{token_hex(8)}")


def is_number(resource: str) -> bool:
    """Return whether a resource may be somebody's telephone number or address."""
    if shown_of(resource) is not None or digits_of(resource):
        return True
    if kind_of(resource) in (SIP, CLIENT):
        return True
    return resource.isdecimal() and int(resource) >= _PHONE_NUMBER
