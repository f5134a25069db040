"""Everything that is wrong with an event, said at once, field by field.

The fast path only learns that an event is unsound; this is the slow path behind it, which reads
the event as plain JSON and lists every problem with the field's name.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from tollbook.domain.directory import has_control_characters, id_problem
from tollbook.domain.errors import Problem
from tollbook.domain.events import (
    EPOCH,
    LARGEST_INTEGER,
    LONGEST_ATTRIBUTE_NAME,
    LONGEST_ATTRIBUTE_VALUE,
    MOST_ATTRIBUTES,
    Event,
)
from tollbook.domain.exact import (
    COST_PLACES,
    MICROS,
    MOST_COST,
    MOST_QUANTITY,
    QUANTITY_PLACES,
    parsed,
    scaled,
)
from tollbook.domain.meters import BY_TYPE

FIELDS = Event.__struct_fields__
REQUIRED = ("id", "type", "organization_id", "time")


def problems_of(value: Any) -> list[Problem]:
    """List everything wrong with an event, given as plain JSON with decimals."""
    if not isinstance(value, dict):
        return [Problem("", "not_an_object", "an event must be a JSON object")]
    found = list(_unknown_and_missing(value))
    for field, check in _CHECKS.items():
        if value.get(field) is not None:
            found.extend(check(field, value[field]))
    found.extend(_across_fields(value))
    return found


def _unknown_and_missing(value: dict[str, Any]) -> Iterator[Problem]:
    for name in value:
        if name not in FIELDS:
            yield Problem(
                _shown(name), "unknown_field", f"unknown field; the fields are {', '.join(FIELDS)}"
            )
    for name in REQUIRED:
        if name not in value:
            yield Problem(name, "missing_field", f"{name} is required")
        elif value[name] is None:
            yield Problem(name, "missing_field", f"{name} is required and must not be null")
    if "quantity" in value and value["quantity"] is None:
        yield Problem("quantity", "missing_field", "quantity must not be null; leave it out for 1")


def _id(field: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(field, "not_a_string", f"{field} must be a string")
    elif problem := id_problem(field, value):
        yield problem


def _type(field: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or value not in BY_TYPE:
        known = ", ".join(BY_TYPE)
        yield Problem(field, "unknown_type", f"{field} must be one of {known}")


def _time(field: str, value: Any) -> Iterator[Problem]:
    sentence = f"{field} must be an RFC 3339 time with an offset, such as 2024-01-15T10:30:00Z"
    try:
        time = msgspec.convert(value, datetime) if isinstance(value, str) else None
    except msgspec.ValidationError:
        time = None
    if time is None:
        yield Problem(field, "invalid_time", sentence)
    elif time.tzinfo is None:
        yield Problem(field, "time_without_offset", sentence)
    elif time < EPOCH:
        yield Problem(field, "invalid_time", f"{field} must not be before 1970")


def _number(places: int, most: Decimal) -> Callable[[str, Any], Iterator[Problem]]:
    def check(field: str, value: Any) -> Iterator[Problem]:
        number = _decimal(value)
        if number is None:
            yield Problem(
                field, "not_a_number", f"{field} must be a finite number or a decimal string"
            )
        elif number < 0:
            yield Problem(field, "negative", f"{field} must not be negative")
        elif number > most:
            yield Problem(field, "out_of_range", f"{field} must be at most {most}")
        elif not _fits(number, places):
            yield Problem(
                field, "too_many_decimals", f"{field} must have at most {places} decimals"
            )

    return check


def _decimal(value: Any) -> Decimal | None:
    """Read a number as the wire allows it: a JSON number or a decimal string, finite."""
    if isinstance(value, bool):
        return None
    return parsed(str(value).encode()) if isinstance(value, str | int | Decimal) else None


def _fits(number: Decimal, places: int) -> bool:
    try:
        scaled(number, places)
    except ValueError:
        return False
    return True


def _attributes(field: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(field, "not_an_object", f"{field} must be an object of names and values")
        return
    if len(value) > MOST_ATTRIBUTES:
        yield Problem(field, "too_many", f"{field} must have at most {MOST_ATTRIBUTES} names")
    for name, it in value.items():
        path = f"{field}.{_shown(name)}"
        if not 1 <= len(name) <= LONGEST_ATTRIBUTE_NAME:
            yield Problem(
                path,
                "invalid_name",
                f"a name in {field} must have 1 to {LONGEST_ATTRIBUTE_NAME} characters",
            )
        yield from _attribute(path, it)


def _attribute(path: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, dict | list):
        yield Problem(path, "nested", f"{path} must be a text, a number, true, false or null")
    elif isinstance(value, str) and len(value) > LONGEST_ATTRIBUTE_VALUE:
        yield Problem(
            path, "too_long", f"{path} must have at most {LONGEST_ATTRIBUTE_VALUE} characters"
        )
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        yield Problem(
            path, "out_of_range", f"{path} must be at most 2**53; send larger numbers as text"
        )


def _across_fields(value: dict[str, Any]) -> Iterator[Problem]:
    kind = value.get("type")
    meter = BY_TYPE.get(kind) if isinstance(kind, str) else None
    if meter is None:
        return
    if meter.needs_resource and value.get("resource_id") is None:
        yield Problem("resource_id", "missing_field", f"resource_id is required for {meter.type}")
    if meter.whole and "quantity" in value:
        number = _decimal(value["quantity"])
        fits = number is not None and _fits(number, QUANTITY_PLACES)
        if number is not None and fits and scaled(number, QUANTITY_PLACES) % MICROS:
            yield Problem(
                "quantity",
                "not_whole",
                f"quantity must be a whole number of {meter.unit}s for {meter.type}",
            )


def _shown(name: str) -> str:
    """Repeat a client's name in an answer, safely and not at any length."""
    clean = "?" if has_control_characters(name) else name
    return clean[:LONGEST_ATTRIBUTE_NAME]


_CHECKS: dict[str, Callable[[str, Any], Iterator[Problem]]] = {
    "id": _id,
    "type": _type,
    "organization_id": _id,
    "time": _time,
    "quantity": _number(QUANTITY_PLACES, MOST_QUANTITY),
    "user_id": _id,
    "resource_id": _id,
    "attributes": _attributes,
    "cost": _number(COST_PLACES, MOST_COST),
}
