"""The types of query parameters: each carries the function that reads its text and its schema."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Annotated, Any

from msgspec import Meta

from tollbook.domain.directory import text_problem
from tollbook.domain.errors import Problem
from tollbook.domain.events import LONGEST_ID, microseconds
from tollbook.domain.exact import nanos_of
from tollbook.domain.instants import InvalidInstant, parsed_instant
from tollbook.domain.meters import CATALOG
from tollbook.domain.named_periods import NAMES, is_period_name
from tollbook.domain.numbers import COUNTRY_FORM, COUNTRY_PATTERN, parsed_country
from tollbook.domain.own_meters import (
    LONGEST_TYPE,
    MOST_OWN_METERS,
    TYPE_PATTERN,
    type_problem,
)
from tollbook.domain.periods import parsed_day

Read = Callable[[str, str], Any]
"""Reads a parameter by its name and text; returns the value or a `Problem`."""
_BUILT_IN = [meter.type for meter in CATALOG]
_OFFSET_AFTER_SPACE = re.compile(" (?=[0-9]{2}:?[0-9]{2}$)")


def about(description: str, example: Any = None) -> Meta:
    """Return the metadata that documents a parameter."""
    return Meta(description=description, examples=None if example is None else [example])


def parameter(read: Read, **schema: Any) -> Meta:
    """Return the metadata of a type: how its text is read, and its schema."""
    return Meta(extra={"read": read}, extra_json_schema=schema)


def parsed(parse: Callable[[str], Any], code: str, must_be: str, **schema: Any) -> Meta:
    """Return the metadata of a type that `parse` reads or refuses with an error."""

    def read(name: str, text: str) -> Any:
        try:
            return parse(text)
        except InvalidInstant as error:
            return Problem(name, error.code, f"{name} {error}")
        except (ValueError, KeyError):
            return Problem(name, code, f"{name} must be {must_be}")

    return parameter(read, **schema)


def text(longest: int = LONGEST_ID) -> Meta:
    """Return the metadata of a text of up to `longest` characters."""

    def read(name: str, text: str) -> str | Problem:
        if not text:
            return Problem(name, "missing_parameter", f"{name} required")
        return text_problem(name, text, longest) or text

    return parameter(read, type="string", minLength=1, maxLength=longest)


def whole_number(least: int = 1, most: int = 1000) -> Meta:
    """Return the metadata of an integer between two bounds, both inclusive."""
    must_be = f"a whole number from {least} to {most}"
    bounds = {"minimum": least, "maximum": most}
    parse = partial(_whole_number, least, most)
    return parsed(parse, "invalid_integer", must_be, type="integer", **bounds)


def _whole_number(least: int, most: int, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if not least <= number <= most:
        raise ValueError(text)
    return number


def one_of(choices: Iterable[str]) -> Meta:
    """Return the metadata of a choice; members of an enumeration are read as such."""
    by_text = {str(choice): choice for choice in choices}
    must_be = f"one of {', '.join(by_text)}"
    return parsed(by_text.__getitem__, "invalid_choice", must_be, enum=list(by_text))


def some_of(choices: Iterable[str]) -> Meta:
    """Return the metadata of choices separated by commas, read in the order of the choices."""
    listed = tuple(choices)
    return parsed(
        partial(_some_of, listed),
        "invalid_choice",
        f"some of {', '.join(listed)}, separated by commas",
        type="array",
        items={"enum": list(listed)},
        minItems=1,
    )


def _some_of(choices: tuple[str, ...], text: str) -> tuple[str, ...]:
    words = {word.strip() for word in text.split(",")}
    if not words <= set(choices):
        raise ValueError(text)
    return tuple(choice for choice in choices if choice in words)


def meter_types() -> Meta:
    """Return the metadata of types of meters, separated by commas.

    Only the tenant's catalog decides which ones exist (`pipeline/known_meters.py`).
    """
    items = {"type": "string", "pattern": TYPE_PATTERN, "maxLength": LONGEST_TYPE}
    return parsed(
        _types,
        "invalid_choice",
        "types of meters such as sms.outbound, separated by commas",
        type="array",
        items={**items, "examples": _BUILT_IN},
        minItems=1,
    )


def meter_type() -> Meta:
    """Return the metadata of the type of one meter."""
    return parsed(
        lambda text: _types(text, most=1)[0],
        "invalid_choice",
        "the type of a meter such as sms.outbound",
        type="string",
        pattern=TYPE_PATTERN,
        maxLength=LONGEST_TYPE,
    )


def _types(text: str, most: int = MOST_OWN_METERS + len(CATALOG)) -> tuple[str, ...]:
    """Return types of meters, each once."""
    types = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if len(types) > most or any(map(type_problem, types)):
        raise ValueError(text)
    return types


def escaped_list(most: int) -> Meta:
    """Return the metadata of up to `most` ids, separated by commas.

    A backslash precedes each comma and backslash of an id.
    """

    def read(name: str, text: str) -> tuple[str, ...] | Problem:
        if not text:
            return Problem(name, "missing_parameter", f"{name} required")
        ids = _split_escaped(text)
        if len(ids) > most:
            return Problem(name, "too_many", f"{name} must be at most {most:,} ids")
        problems = (text_problem(name, identity, LONGEST_ID) for identity in ids)
        return next((problem for problem in problems if problem), ids)

    items = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
    return parameter(read, type="array", items=items, minItems=1, maxItems=most)


def _split_escaped(text: str) -> tuple[str, ...]:
    """Return the parts between commas that no backslash precedes."""
    parts: list[list[str]] = [[]]
    characters = iter(text)
    for character in characters:
        if character == ",":
            parts.append([])
        else:
            parts[-1].append(next(characters, "") if character == "\\" else character)
    return tuple("".join(part) for part in parts)


def write_escaped_list(parts: Iterable[str]) -> str:
    """Return texts as a list separated by commas, as `escaped_list` reads it."""
    return ",".join(it.replace("\\", "\\\\").replace(",", "\\,") for it in parts)


def _instant(text: str) -> int:
    """Return an RFC 3339 time in microseconds; a URL may have made a space of its `+`."""
    return microseconds(parsed_instant(_OFFSET_AFTER_SPACE.sub("+", text)))


def _moment(text: str) -> date | int:
    """Return a day as a day, and anything else as an instant."""
    try:
        return parsed_day(text)
    except ValueError:
        return _instant(text)


def _period_name(text: str) -> str:
    if not is_period_name(text):
        raise ValueError(text)
    return text


Text = Annotated[str, text()]
Flag = Annotated[
    bool,
    parsed(
        {"true": True, "false": False}.__getitem__,
        "invalid_boolean",
        "true or false",
        type="boolean",
    ),
]
Day = Annotated[
    date,
    parsed(
        parsed_day, "invalid_date", "a date in the form YYYY-MM-DD", type="string", format="date"
    ),
]
Month = Annotated[
    date,
    parsed(
        lambda text: parsed_day(f"{text}-01"),
        "invalid_month",
        "a month in the form YYYY-MM",
        type="string",
        pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
    ),
]
"""A month, read as its first day."""
Instant = Annotated[int, parsed(_instant, "invalid_time", "", type="string", format="date-time")]
"""An instant in microseconds since 1970."""
Moment = Annotated[
    date | int,
    parsed(
        _moment,
        "invalid_time",
        "",
        type="string",
        anyOf=[{"format": "date-time"}, {"format": "date"}],
    ),
]
"""A whole day, or an instant in microseconds since 1970."""
Amount = Annotated[
    int,
    parsed(
        lambda text: nanos_of(text.encode()),
        "invalid_amount",
        "an amount of at least 0, with at most 9 decimals",
        type="number",
        minimum=0,
    ),
]
"""An amount of money in nanos."""
Country = Annotated[
    str,
    parsed(parsed_country, "invalid_country", COUNTRY_FORM, type="string", pattern=COUNTRY_PATTERN),
]
"""A country as it is stored: "" for usage without one."""
PeriodName = Annotated[
    str,
    parsed(
        _period_name,
        "invalid_choice",
        f"one of {', '.join(NAMES)}, or a month such as 2024-01",
        type="string",
        pattern=f"^({'|'.join(NAMES)}|[1-9][0-9]{{3}}-(0[1-9]|1[0-2]))$",
    ),
]
