"""The exact value of numbers in events: a float counts by its shortest text."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tollbook_client.errors import InvalidEvent, Problem

Number = int | float | Decimal | str
PLACES = {"quantity": 6, "cost": 9}
MOST_INTEGER = 100_000_000
"""Every integer up to this one is a valid quantity and a valid cost."""
MOST = {"quantity": Decimal(1_000_000_000), "cost": Decimal(100_000_000)}


def number_problem(field: str, value: object) -> Problem | None:
    """Return what is wrong with the quantity or cost of an event; None if nothing is."""
    if type(value) is int and 0 <= value <= MOST_INTEGER:
        return None
    number = _decimal(value)
    if number is None:
        message = f"{field} must be a finite number or a decimal string"
        return Problem(field, "not_a_number", message)
    if number < 0:
        return Problem(field, "negative", f"{field} must not be negative")
    if number > MOST[field]:
        return Problem(field, "out_of_range", f"{field} must be at most {MOST[field]}")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES[field]:
        message = f"{field} must have at most {PLACES[field]} decimals"
        return Problem(field, "too_many_decimals", message)
    return None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def check_events(body: Any) -> None:
    """Raise `InvalidEvent` if a float in the events of a request has too many decimals."""
    for event in body if isinstance(body, list | tuple) else [body]:
        if not isinstance(event, Mapping):
            continue
        floats = {name: event[name] for name in PLACES if isinstance(event.get(name), float)}
        found = [number_problem(name, value) for name, value in floats.items()]
        if problems := [problem for problem in found if problem]:
            raise InvalidEvent(problems)
