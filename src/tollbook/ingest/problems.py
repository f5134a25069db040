"""Everything that is wrong with an event, said at once, field by field.

The fast path only learns that an event is unsound; this is the slow path behind it, which reads
the event's fields as they were written and lists every problem with the field's name.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from math import isfinite

import msgspec

from tollbook.domain.directory import has_control_characters, id_problem
from tollbook.domain.errors import Problem
from tollbook.domain.events import (
    EPOCH,
    LARGEST_INTEGER,
    LONGEST_ATTRIBUTE_NAME,
    LONGEST_ATTRIBUTE_VALUE,
    LONGEST_BODY,
    MOST_ATTRIBUTES,
    Attributes,
    Event,
)
from tollbook.domain.exact import (
    COST_PLACES,
    MOST_COST,
    MOST_QUANTITY,
    QUANTITY_PLACES,
    parsed,
    scaled,
)
from tollbook.domain.instants import InvalidInstant, instant_in
from tollbook.domain.meters import BY_TYPE
from tollbook.ingest.normalize import segments_told
from tollbook.rating.segments import BODY, BODY_LENGTH

FIELDS = Event.__struct_fields__
Fields = dict[str, bytes]
"""The fields of an object, each as it was written."""
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_attribute_values = msgspec.json.Decoder(Attributes)
_NULL = b"null"
LARGEST_READ = 2 * 1024 * 1024
"""In bytes. No sound event is larger, and taking a larger one apart takes fifty times its size."""
TOO_LARGE = Problem("", "too_large", f"larger than the {LARGEST_READ} bytes that one may have")
REQUIRED = ("id", "type", "organization_id", "time")
_BODY_PATH = f"attributes.{BODY}"


def problems_of(fields: Fields) -> list[Problem]:
    """List everything wrong with an event, given as its fields, each as it was written."""
    given = {name: value for name, value in fields.items() if value != _NULL}
    found = list(_unknown_and_missing(fields))
    for name, check in _CHECKS.items():
        if name in given:
            found.extend(check(name, given[name]))
    found.extend(_across_fields(given))
    return found


def repeated(raw: bytes) -> Iterator[Problem]:
    """Say which names an event gives twice: one that is wrong may hide behind one that is not."""
    try:
        text = raw.decode(errors="replace")  # what hides may be no text either
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, strict=False)
    except (ValueError, RecursionError):
        return
    inside = [value for name, value in pairs if name == "attributes" and type(value) is _Pairs]
    for path, found in (("", pairs), *(("attributes.", it) for it in inside)):
        for name, count in Counter(name for name, _ in found).items():
            if count > 1:
                field = path + _shown(name)
                yield Problem(field, "repeated_field", f"{field} is given twice, once wrongly")


class _Pairs(list[tuple[str, object]]):
    """The names and values of an object, as often as they are given."""


def fields_of(raw: bytes) -> Fields:
    """Take an object apart without reading its fields."""
    return {name: bytes(value) for name, value in _fields.decode(raw).items()}


def text_in(value: bytes) -> str | None:
    """Read a field as a text, None when it is none."""
    try:
        return msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def time_in(value: bytes) -> datetime | None:
    """Read a field as an instant, None when it is none."""
    try:
        return instant_in(value)
    except InvalidInstant:
        return None


def _unknown_and_missing(fields: Fields) -> Iterator[Problem]:
    for name in fields:
        if name not in FIELDS:
            yield Problem(
                _shown(name), "unknown_field", f"unknown field; the fields are {', '.join(FIELDS)}"
            )
    for name in REQUIRED:
        if name not in fields:
            yield Problem(name, "missing_field", f"{name} is required")
        elif fields[name] == _NULL:
            yield Problem(name, "missing_field", f"{name} is required and must not be null")
    if fields.get("quantity") == _NULL:
        yield Problem("quantity", "missing_field", "quantity must not be null; leave it out for 1")


def _id(field: str, value: bytes) -> Iterator[Problem]:
    text = text_in(value)
    if text is None:
        yield Problem(field, "not_a_string", f"{field} must be a string")
    elif problem := id_problem(field, text):
        yield problem


def _type(field: str, value: bytes) -> Iterator[Problem]:
    if text_in(value) not in BY_TYPE:
        known = ", ".join(BY_TYPE)
        yield Problem(field, "unknown_type", f"{field} must be one of {known}")


def _time(field: str, value: bytes) -> Iterator[Problem]:
    try:
        time = instant_in(value)
    except InvalidInstant as error:
        yield Problem(field, error.code, f"{field} {error}")
        return
    if time < EPOCH:
        yield Problem(field, "invalid_time", f"{field} must not be before 1970")


def _number(places: int, most: Decimal) -> Callable[[str, bytes], Iterator[Problem]]:
    def check(field: str, value: bytes) -> Iterator[Problem]:
        number = parsed(value)
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


def _fits(number: Decimal, places: int) -> bool:
    try:
        scaled(number, places)
    except ValueError:
        return False
    return True


def _attributes(field: str, value: bytes) -> Iterator[Problem]:
    try:
        attributes = fields_of(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield Problem(field, "not_an_object", f"{field} must be an object of names and values")
        return
    if len(attributes) > MOST_ATTRIBUTES:
        yield Problem(field, "too_many", f"{field} must have at most {MOST_ATTRIBUTES} names")
    for name, it in attributes.items():
        path = f"{field}.{_shown(name)}"
        if not 1 <= len(name) <= LONGEST_ATTRIBUTE_NAME:
            yield Problem(
                path,
                "invalid_name",
                f"a name in {field} must have 1 to {LONGEST_ATTRIBUTE_NAME} characters",
            )
        yield from _attribute(path, it)


def _attribute(path: str, value: bytes) -> Iterator[Problem]:
    start = value[:1]
    if start in b"{[":
        yield Problem(path, "nested", f"{path} must be a text, a number, true, false or null")
    elif start == b'"':
        text = text_in(value)
        if text is None:
            yield Problem(path, "not_a_string", f"{path} is not a text that can be read")
        elif path == _BODY_PATH:
            if len(text.encode()) > LONGEST_BODY:
                sentence = f"{path} must have at most {LONGEST_BODY} bytes"
                yield Problem(path, "too_long", sentence)
        elif len(text) > LONGEST_ATTRIBUTE_VALUE:
            yield Problem(
                path, "too_long", f"{path} must have at most {LONGEST_ATTRIBUTE_VALUE} characters"
            )
    elif start in b"-0123456789" and not _is_common(value):
        yield Problem(
            path, "out_of_range", f"{path} must be at most 2**53; send larger numbers as text"
        )


def _is_common(number: bytes) -> bool:
    """Tell whether a number means the same to every JSON reader."""
    if number.lstrip(b"-").isdigit():
        return len(number) < 20 and abs(int(number)) <= LARGEST_INTEGER
    return isfinite(float(number))


def _across_fields(given: Fields) -> Iterator[Problem]:
    meter = BY_TYPE.get(text_in(given.get("type", _NULL)) or "")
    if meter is None:
        return
    if meter.needs_resource and "resource_id" not in given:
        yield Problem("resource_id", "missing_field", f"resource_id is required for {meter.type}")
    number = parsed(given["quantity"]) if meter.whole and "quantity" in given else None
    # Not the remainder of a division by 1: of a number with more than 28 digits there is none.
    broken = number is not None and number != number.to_integral_value()
    if number is not None and broken and _fits(number, QUANTITY_PLACES):
        yield Problem(
            "quantity",
            "not_whole",
            f"quantity must be a whole number of {meter.unit}s for {meter.type}",
        )
    if meter.text and ("quantity" not in given or number == 0):
        yield from _text(meter.type, given)


def _text(type_: str, given: Fields) -> Iterator[Problem]:
    """Say what is wrong with the text that a quantity is to be counted from."""
    segments = None
    try:
        if "attributes" in given:
            segments = segments_told(_attribute_values.decode(given["attributes"]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # that they are no attributes is said already
    except ValueError as error:
        name = str(error).partition(" ")[0]
        yield Problem(f"attributes.{name}", "invalid_text", f"attributes.{error}")
        return
    if segments is None and "quantity" in given:
        sentence = (
            f"quantity must not be 0 for {type_}: leave it out, or send attributes.{BODY} or "
            f"attributes.{BODY_LENGTH} and its segments are counted"
        )
        yield Problem("quantity", "out_of_range", sentence)


def _shown(name: str) -> str:
    """Repeat a client's name in an answer, safely and not at any length."""
    clean = "?" if has_control_characters(name) else name
    return clean[:LONGEST_ATTRIBUTE_NAME]


_CHECKS: dict[str, Callable[[str, bytes], Iterator[Problem]]] = {
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
