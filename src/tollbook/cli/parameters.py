"""What the text of an option or an argument may be, and the value that it becomes."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from tollbook.domain.addresses import network_problem
from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import Problem
from tollbook.domain.events import microseconds
from tollbook.domain.exact import COST_PLACES, nanos_of, parsed
from tollbook.domain.instants import InvalidInstant, parsed_instant
from tollbook.domain.named_periods import NAMES, is_period_name
from tollbook.domain.numbers import parsed_country
from tollbook.domain.own_meters import type_problem
from tollbook.domain.periods import parsed_day
from tollbook.rating.number_formats import number_format_problem


class Parsed(click.ParamType[Any]):
    """A value that a function parses from text; its ValueError says what is wrong."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text; defaults are values already."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def whole(what: str, low: int = 0, high: int = 999_999_999) -> Parsed:
    """Return the type of a whole number, in ASCII digits only."""

    def parse(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(high))
        if not digits or not low <= int(text) <= high:
            raise ValueError(f"{text} is not a {what} from {low} to {high}")
        return int(text)

    return Parsed("number", parse)


def _day(text: str) -> date:
    try:
        return parsed_day(text)
    except ValueError as error:
        raise ValueError(f"{text} is not a date such as 2024-01-31") from error


def _month(text: str) -> date:
    try:
        return parsed_day(f"{text}-01")
    except ValueError as error:
        raise ValueError(f"{text} is not a month such as 2024-01") from error


def _moment(text: str) -> date | int:
    try:
        return parsed_day(text)
    except ValueError:
        pass
    try:
        return microseconds(parsed_instant(text))
    except InvalidInstant as error:
        sentence = f"{text} is neither a day such as 2024-01-31 nor a time: it {error}"
        raise ValueError(sentence) from error


def _period(text: str) -> str:
    if not is_period_name(text):
        raise ValueError(f"{text} is not one of {', '.join(NAMES)}, nor a month")
    return text


def _cost(text: str) -> int:
    try:
        return nanos_of(text.encode())
    except ValueError as error:
        raise ValueError(
            f"{text} is not an amount of at least 0, with at most {COST_PLACES} decimals"
        ) from error


def _fraction(text: str) -> float:
    number = parsed(text.encode())
    if number is None:
        raise ValueError(f"{text} is not a fraction such as 0.8")
    return float(number)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(f"{text} is not like NAME=VALUE")
    return name.strip(), value.strip()


def _selection(text: str) -> tuple[str, tuple[str, ...]]:
    name, sign, values = text.partition("=")
    if not (name.strip() and sign):
        raise ValueError(f"{text} is not like HEADER=VALUE")
    return name.strip(), tuple(value.strip() for value in values.split(","))


def _checked(problem_of: Callable[[str], Problem | None]) -> Callable[[str], str]:
    """Return what keeps a text in which the domain finds no problem."""

    def parse(text: str) -> str:
        if problem := problem_of(text):
            raise ValueError(problem.error)
        return text

    return parse


DAY = Parsed("date", _day)
MONTH = Parsed("month", _month)
"""A month such as 2024-01, as its first day."""
MOMENT = Parsed("time", _moment)
"""A day, or an instant in microseconds."""
PERIOD = Parsed("period", _period)
COST = Parsed("amount", _cost)
"""An amount in nanos."""
FRACTION = Parsed("fraction", _fraction)
CURRENCY = Parsed("currency", _checked(currency_problem))
NUMBER_FORMAT = Parsed("format", _checked(number_format_problem))
COUNTRY = Parsed("country", parsed_country)
"""A country as it is stored: "" for usage without one."""
NETWORK = Parsed("address", _checked(lambda text: network_problem("address", text)))
METER = Parsed("meter", _checked(type_problem))
"""The type of a meter, which the tenant may not have."""
PAIR = Parsed("name=value", _pair)
SELECTION = Parsed("header=values", _selection)
"""A header, and values of its cells."""
EVENTS = whole("number of events", 1)
ROWS = whole("number of rows")
VERSION = whole("version")
PATH = click.Path(path_type=Path)
