"""The values that an erased person's data is replaced with."""

from secrets import token_hex
from typing import Any

import msgspec

from tollbook.domain.meters import BY_CODE
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import CLIENT, ERASED, SIP, kind_of, stored_digits_of
from tollbook.rating.quantity import FROM_DAY, MEDIA_BYTES, UNTIL_DAY

KEPT = ("direction", MEDIA_BYTES, FROM_DAY, UNTIL_DAY)
"""Attributes that charges are replayed from, and that identify nobody."""

_PHONE_NUMBER = 1_000_000
"""A number from here on may be a telephone number."""


def erased_attributes(text: str) -> str:
    """Return attributes without values that may identify a person."""
    if not text:
        return text
    attributes: dict[str, Any] = msgspec.json.decode(text)
    for name in attributes.keys() - set(KEPT):
        attributes[name] = _erased(attributes[name])
    return msgspec.json.encode(attributes, order="sorted").decode()


def _erased(value: Any) -> Any:
    if isinstance(value, str):
        return ERASED
    if isinstance(value, bool) or value is None:
        return value
    return ERASED if abs(value) >= _PHONE_NUMBER else value


def erased_resource(meter: int, resource: str | None, names: dict[str, str]) -> str | None:
    """Return the new name of a number; other resources, such as knowledge bases, stay."""
    kind = BY_CODE.get(meter)
    if resource is None or (kind and (kind.organization_level or kind.needs_resource)):
        return resource
    if not is_number(resource):
        return resource
    return names.setdefault(resource, f"{ERASED}-{token_hex(8)}")


def is_number(resource: str) -> bool:
    """Return whether a resource may be somebody's telephone number or address."""
    if stored_digits_of(resource) is not None or digits_of(resource):
        return True
    if kind_of(resource) in (SIP, CLIENT):
        return True
    return resource.isdecimal() and int(resource) >= _PHONE_NUMBER
