"""The checks of an event that need no server, with every problem that is found."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from tollbook_client.errors import Problem
from tollbook_client.event_numbers import MOST, number_problem
from tollbook_client.instants import parse_instant

MOST_ATTRIBUTES = 64
LONGEST_NAME = 64
LONGEST_VALUE = 2000
_LONGEST_BODY = 64 * 1024
_LARGEST_INTEGER = 2**53
_REQUIRED = ("id", "type", "organization_id", "time")
TEXTS = {"type": 64, "id": 255, "organization_id": 255, "user_id": 255, "resource_id": 255}
"""The longest text of each field that has one, in characters."""
NEEDED = frozenset(_REQUIRED)
FIELDS = (*_REQUIRED, "quantity", "user_id", "resource_id", "attributes", "cost", "cost_pending")


def problems_of(given: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of an event, each with its field."""
    missing = [name for name in _REQUIRED if name not in given]
    found = [Problem(name, "missing_field", f"{name} is required") for name in missing]
    found += [
        Problem(name, "unknown_field", f"unknown field; the fields are {', '.join(FIELDS)}")
        for name in given
        if name not in FIELDS
    ]
    checks = [_text(name, given[name], most) for name, most in TEXTS.items() if name in given]
    if "time" in given:
        checks.append(time_problem(given["time"]))
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


def time_problem(value: object) -> Problem | None:
    """Return what is wrong with the time of an event; None if nothing is."""
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
    checks = [attribute_problem(name, value) for name, value in attributes.items()]
    if len(attributes) > MOST_ATTRIBUTES:
        message = f"attributes must have at most {MOST_ATTRIBUTES} names"
        checks.append(Problem("attributes", "too_many", message))
    return [problem for problem in checks if problem]


def attribute_problem(name: object, value: object) -> Problem | None:
    """Return what is wrong with an attribute of an event; None if nothing is."""
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        message = f"a name in attributes must have 1 to {LONGEST_NAME} characters"
        return Problem(f"attributes.{str(name)[:LONGEST_NAME]}", "invalid_name", message)
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
        too_long = len(value) > LONGEST_VALUE
        message = f"{path} must have at most {LONGEST_VALUE} characters"
    return Problem(path, "too_long", message) if too_long else None
