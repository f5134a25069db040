"""List every problem of an event, field by field.

The fast path only learns that an event is invalid. This slow path reads the event's fields as they
were written and lists every problem with the field's name.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from math import isfinite

import msgspec

from tollbook.domain.catalog import BUILT_IN, Catalog, unknown_meter_sentence
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
from tollbook.domain.meters import Meter
from tollbook.ingest.normalize import count_segments
from tollbook.rating.segments import BODY, BODY_LENGTH

FIELDS = Event.__struct_fields__
Fields = dict[str, bytes]
"""The fields of an object, each as it was written."""
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_attribute_values = msgspec.json.Decoder(Attributes)
_NULL = b"null"
LARGEST_READ = 2 * 1024 * 1024
"""In bytes. No valid event is larger, and parsing a larger one takes fifty times its size."""
TOO_LARGE = Problem("", "too_large", f"must have at most {LARGEST_READ} bytes")
COST_NULL = Problem(
    "cost",
    "cost_null",
    "cost must not be null: leave it out to be charged by the price book, or send cost_pending: "
    "true if the carrier states the price later",
)
BOTH_COSTS = Problem(
    "cost_pending",
    "cost_and_cost_pending",
    "cost_pending must not be true in an event with a cost: send one of the two",
)
_TYPE = "type"
UNKNOWN_TYPE = "unknown_type"
REQUIRED = ("id", "type", "organization_id", "time")
_BODY_PATH = f"attributes.{BODY}"


def problems_of(fields: Fields, catalog: Catalog = BUILT_IN) -> list[Problem]:
    """Return the problems of an event, whose fields are given as they were written.

    The catalog is that of its tenant.
    """
    given = {name: value for name, value in fields.items() if value != _NULL}
    found = list(_unknown_and_missing(fields, catalog))
    for name in _ORDER:
        if name in given:
            found.extend(problems_in(name, given[name], catalog))
    found.extend(_across_fields(given, catalog))
    return found


def problems_in(name: str, value: bytes, catalog: Catalog = BUILT_IN) -> Iterator[Problem]:
    """Yield the problems of one field, whose value is not null."""
    return _type(name, value, catalog) if name == _TYPE else _CHECKS[name](name, value)


def repeated(raw: bytes) -> Iterator[Problem]:
    """Yield a problem for each repeated name: a valid value may hide an invalid one."""
    try:
        text = raw.decode(errors="replace")  # a hidden value may be invalid UTF-8, too
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
    """The names and values of an object, repeated ones included."""


def fields_of(raw: bytes) -> Fields:
    """Return the fields of an object without parsing them."""
    return {name: bytes(value) for name, value in _fields.decode(raw).items()}


def text_in(value: bytes) -> str | None:
    """Return a field as text; None when it is not a string."""
    try:
        return msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def time_in(value: bytes) -> datetime | None:
    """Return a field as an instant; None when it is not one."""
    try:
        return instant_in(value)
    except InvalidInstant:
        return None


def _unknown_and_missing(fields: Fields, catalog: Catalog) -> Iterator[Problem]:
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
    if fields.get("quantity") == _NULL and not _is_measured(fields, catalog):
        yield Problem("quantity", "missing_field", "quantity must not be null; leave it out for 1")
    if fields.get("cost") == _NULL:
        yield COST_NULL


def _is_measured(fields: Fields, catalog: Catalog) -> bool:
    meter = catalog.by_type.get(text_in(fields.get(_TYPE, _NULL)) or "")
    return meter is not None and meter.measured


def _id(field: str, value: bytes) -> Iterator[Problem]:
    text = text_in(value)
    if text is None:
        yield Problem(field, "not_a_string", f"{field} must be a string")
    elif problem := id_problem(field, text):
        yield problem


def _type(field: str, value: bytes, catalog: Catalog) -> Iterator[Problem]:
    type_ = text_in(value)
    if type_ not in catalog.by_type:
        sentence = unknown_meter_sentence(field, catalog.hint(type_) if type_ else None)
        yield Problem(field, UNKNOWN_TYPE, sentence)


def _time(field: str, value: bytes) -> Iterator[Problem]:
    try:
        time = instant_in(value)
    except InvalidInstant as error:
        yield Problem(field, error.code, f"{field} {error}")
        return
    if time < EPOCH:
        yield Problem(field, "invalid_time", f"{field} must not be before 1970")


def _flag(field: str, value: bytes) -> Iterator[Problem]:
    if value not in (b"true", b"false"):
        yield Problem(field, "not_a_boolean", f"{field} must be true or false")


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
            yield Problem(path, "not_a_string", f"{path} must be a valid string")
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
    """Return whether every JSON reader reads a number the same."""
    if number.lstrip(b"-").isdigit():
        return len(number) < 20 and abs(int(number)) <= LARGEST_INTEGER
    return isfinite(float(number))


def _across_fields(given: Fields, catalog: Catalog) -> Iterator[Problem]:
    if "cost" in given and given.get("cost_pending") == b"true":
        yield BOTH_COSTS
    meter = catalog.by_type.get(text_in(given.get(_TYPE, _NULL)) or "")
    if meter is None:
        return
    if meter.needs_resource and "resource_id" not in given:
        yield Problem("resource_id", "missing_field", f"resource_id is required for {meter.type}")
    if meter.measured and "quantity" not in given:
        yield quantity_missing(meter)
    number = parsed(given["quantity"]) if meter.whole and "quantity" in given else None
    # The remainder of a division by 1 fails for numbers with more than 28 digits.
    broken = number is not None and number != number.to_integral_value()
    if number is not None and broken and _fits(number, QUANTITY_PLACES):
        yield Problem(
            "quantity",
            "not_whole",
            f"quantity must be a whole number of {meter.unit}s for {meter.type}",
        )
    if meter.text and ("quantity" not in given or number == 0):
        yield from _text(meter.type, given)


def quantity_missing(meter: Meter) -> Problem:
    """Return the problem of an event of a measured meter without a quantity."""
    sentence = f"quantity is required for {meter.type}: its number of {meter.unit}s"
    return Problem("quantity", "missing_field", sentence)


def meter_retired(meter: Meter) -> Problem:
    """Return the problem of a new event of a retired meter."""
    sentence = (
        f"the meter {meter.type} is retired and accepts no new events: PATCH /v1/meters or "
        "tollbook meters retire --undo activates it again"
    )
    return Problem(_TYPE, "meter_retired", sentence)


def _text(type_: str, given: Fields) -> Iterator[Problem]:
    """Yield the problems of the message text that the quantity is counted from."""
    segments = None
    try:
        if "attributes" in given:
            segments = count_segments(_attribute_values.decode(given["attributes"]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # the check of the attributes has reported this
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
    """Return a client's field name for an answer, shortened and without control characters."""
    clean = "?" if has_control_characters(name) else name
    return clean[:LONGEST_ATTRIBUTE_NAME]


_CHECKS: dict[str, Callable[[str, bytes], Iterator[Problem]]] = {
    "id": _id,
    "organization_id": _id,
    "time": _time,
    "quantity": _number(QUANTITY_PLACES, MOST_QUANTITY),
    "user_id": _id,
    "resource_id": _id,
    "attributes": _attributes,
    "cost": _number(COST_PLACES, MOST_COST),
    "cost_pending": _flag,
}
_ORDER = ("id", _TYPE, *list(_CHECKS)[1:])
"""The fields in the order in which their problems are listed."""
