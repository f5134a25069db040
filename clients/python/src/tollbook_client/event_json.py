"""Events as the bytes that are sent, after the checks that need no server."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

from tollbook_client.errors import InvalidEvent, Problem
from tollbook_client.event_numbers import MOST, MOST_INTEGER, PLACES, number_problem
from tollbook_client.instants import Now, instant_text, parse_instant

LONGEST_ID = 255
_LONGEST_TYPE = 64
_MOST_ATTRIBUTES = 64
_LONGEST_NAME = 64
_LONGEST_VALUE = 2000
_LONGEST_BODY = 64 * 1024
_LARGEST_INTEGER = 2**53
_IDS = ("id", "organization_id", "user_id", "resource_id")
_TEXTS = frozenset({*_IDS, "type"})
_REQUIRED = ("id", "type", "organization_id", "time")
_NEEDED = frozenset(_REQUIRED)
FIELDS = (*_REQUIRED, "quantity", "user_id", "resource_id", "attributes", "cost", "cost_pending")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Encoded(NamedTuple):
    """An event as it is stored and sent; its bytes never change."""

    id: str
    body: bytes


def encode_event(fields: Mapping[str, Any]) -> Encoded:
    """Return an event as bytes; raise `InvalidEvent` with every problem that is found.

    Fields that are None are left out. Meters, prices and permissions are known to the server only.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    if not _is_ordinary(given) and (problems := problems_of(given)):
        raise InvalidEvent(problems)
    for name in PLACES:
        if isinstance(given.get(name), Decimal):
            given[name] = format(given[name], "f")
    if not isinstance(given["time"], str):
        given["time"] = instant_text(given["time"])
    return Encoded(given["id"], _encode(given).encode())


def _is_ordinary(given: Mapping[str, Any]) -> bool:
    """Return whether an event is valid at first sight; `problems_of` takes ten times as long."""
    for name, value in given.items():
        kind = type(value)
        if name in _TEXTS:
            if kind is not str or not 0 < len(value) <= _LONGEST_TYPE or not value.isprintable():
                return False
        elif name == "attributes":
            if kind is not dict or not _are_ordinary(value):
                return False
        elif name == "quantity":
            if kind is not int or not 0 <= value <= MOST_INTEGER:
                return False
        elif name != "time" or not isinstance(value, Now):
            return False
    return given.keys() >= _NEEDED


def _are_ordinary(attributes: Mapping[str, Any]) -> bool:
    for name, value in attributes.items():
        if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME:
            return False
        if type(value) is not str or len(value) > _LONGEST_VALUE or not value.isprintable():
            return False
    return len(attributes) <= _MOST_ATTRIBUTES


def problems_of(given: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of an event, each with its field."""
    missing = [name for name in _REQUIRED if name not in given]
    found = [Problem(name, "missing_field", f"{name} is required") for name in missing]
    found += [
        Problem(name, "unknown_field", f"unknown field; the fields are {', '.join(FIELDS)}")
        for name in given
        if name not in FIELDS
    ]
    checks = [_text(name, given[name], LONGEST_ID) for name in _IDS if name in given]
    if "type" in given:
        checks.append(_text("type", given["type"], _LONGEST_TYPE))
    if "time" in given:
        checks.append(_time(given["time"]))
    checks += [number_problem(name, given[name]) for name in MOST if name in given]
    if "cost_pending" in given and not isinstance(given["cost_pending"], bool):
        message = "cost_pending must be true or false"
        checks.append(Problem("cost_pending", "not_a_boolean", message))
    found += [problem for problem in checks if problem]
    return found + _attributes(given["attributes"]) if "attributes" in given else found


def _text(field: str, value: object, longest: int) -> Problem | None:
    if not isinstance(value, str):
        return Problem(field, "not_a_string", f"{field} must be a string")
    if not value:
        return Problem(field, "empty", f"{field} must not be empty")
    if len(value) > longest:
        return Problem(field, "too_long", f"{field} must have at most {longest} characters")
    if not value.isprintable() and _has_control_characters(value):
        return Problem(field, "control_characters", f"{field} must not contain control characters")
    return None


def _has_control_characters(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _time(value: object) -> Problem | None:
    try:
        instant = value if isinstance(value, datetime) else parse_instant(str(value))
    except ValueError:
        return Problem("time", "invalid_time", "time must be RFC 3339 with seconds and an offset")
    if instant.utcoffset() is None:
        return Problem("time", "no_offset", "time must have an offset, as in datetime.now(UTC)")
    if instant.timestamp() < 0:
        return Problem("time", "invalid_time", "time must not be before 1970")
    return None


def _attributes(attributes: object) -> list[Problem]:
    if not isinstance(attributes, Mapping):
        message = "attributes must be an object of names and values"
        return [Problem("attributes", "not_an_object", message)]
    checks = [_attribute(name, value) for name, value in attributes.items()]
    if len(attributes) > _MOST_ATTRIBUTES:
        message = f"attributes must have at most {_MOST_ATTRIBUTES} names"
        checks.append(Problem("attributes", "too_many", message))
    return [problem for problem in checks if problem]


def _attribute(name: object, value: object) -> Problem | None:
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        message = f"a name in attributes must have 1 to {_LONGEST_NAME} characters"
        return Problem(f"attributes.{str(name)[:_LONGEST_NAME]}", "invalid_name", message)
    path = f"attributes.{name}"
    if isinstance(value, str):
        return _attribute_text(path, value)
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, int | float):
        message = f"{path} must be a text, a number, true, false or null"
        return Problem(path, "nested", message)
    if not isfinite(value) or (isinstance(value, int) and abs(value) > _LARGEST_INTEGER):
        message = f"{path} must be at most 2**53; send larger numbers as text"
        return Problem(path, "out_of_range", message)
    return None


def _attribute_text(path: str, value: str) -> Problem | None:
    if not value.isprintable() and any(0xD800 <= ord(it) < 0xE000 for it in value):
        return Problem(path, "not_a_string", f"{path} must be a valid string")
    if path == "attributes.body":
        too_long = len(value.encode()) > _LONGEST_BODY
        message = f"{path} must have at most {_LONGEST_BODY} bytes"
    else:
        too_long = len(value) > _LONGEST_VALUE
        message = f"{path} must have at most {_LONGEST_VALUE} characters"
    return Problem(path, "too_long", message) if too_long else None
