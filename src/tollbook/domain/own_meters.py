"""The rules of a tenant's own meters: their fields, their units, and their codes."""

import re
from collections.abc import Collection

import msgspec

from tollbook.domain.directory import LONGEST_NAME, text_problem
from tollbook.domain.errors import Problem
from tollbook.domain.meters import Category, Meter

MOST_OWN_METERS = 400
"""Per tenant, retired ones included."""
LONGEST_TYPE = 64
TYPE_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
UNIT_PATTERN = r"^[A-Za-z]+(-[A-Za-z]+)*$"
LONGEST_UNIT = 32
_TYPE = re.compile(TYPE_PATTERN[:-1])
_UNIT = re.compile(UNIT_PATTERN[:-1])
_WORDS_OF_PER = ("minute", "hour", "call", "event", "GB-month", "KB", "MB", "KiB", "MiB")
RESERVED_UNITS = frozenset(f"{it}{end}" for it in _WORDS_OF_PER for end in ("", "s"))
"""Words that mean something else in the `per` of a price, and their plurals."""
_MEASURED_UNITS = ("second", "GB-day")
"""Units of which one is no sensible default, as for the built-in meters."""

_CODES_OF_CATEGORY = 1000
_MONTHLY = 500
"""Codes of a category from here on are of meters by the month."""


class MeterTerms(msgspec.Struct, frozen=True):
    """What a tenant decides about its own meter; `name` is the type unless it is given."""

    type: str
    unit: str
    category: Category
    name: str = ""
    whole: bool = False
    resource_required: bool = False


def own_meter(
    terms: MeterTerms,
    code: int,
    created_at: int = 0,
    used_at: int | None = None,
    retired_at: int | None = None,
) -> Meter:
    """Return a tenant's own meter. Instants are in microseconds since 1970."""
    return Meter(
        type=terms.type,
        code=code,
        category=terms.category,
        unit=terms.unit,
        whole=terms.whole,
        needs_resource=terms.resource_required,
        organization_level=terms.category is Category.BRAND_REGISTRATION,
        inbound=terms.type.rpartition(".")[2] == "inbound",
        measured=terms.unit in _MEASURED_UNITS,
        directed=True,
        name=terms.name or terms.type,
        built_in=False,
        created_at=created_at,
        used_at=used_at,
        retired_at=retired_at,
    )


def terms_of(meter: Meter) -> MeterTerms:
    """Return what the tenant has decided about its own meter."""
    return MeterTerms(
        type=meter.type,
        unit=meter.unit,
        category=meter.category,
        name=meter.name,
        whole=meter.whole,
        resource_required=meter.needs_resource,
    )


def terms_problems(terms: MeterTerms) -> list[Problem]:
    """Return the problems with the terms of an own meter."""
    found = [
        type_problem(terms.type),
        unit_problem(terms.unit),
        text_problem("name", terms.name, LONGEST_NAME) if terms.name else None,
    ]
    return [problem for problem in found if problem]


def type_problem(type_: str) -> Problem | None:
    """Return the problem with the type of an own meter."""
    if len(type_) <= LONGEST_TYPE and _TYPE.fullmatch(type_):
        return None
    sentence = (
        "type must be two or more words joined by dots, such as whatsapp.marketing, with at most "
        f"{LONGEST_TYPE} characters: a word has a-z, digits and _, and starts with a letter"
    )
    return Problem("type", "invalid_type", sentence)


def unit_problem(unit: str) -> Problem | None:
    """Return the problem with the unit of an own meter."""
    if unit in RESERVED_UNITS:
        sentence = f"unit must not be {unit}, which has another meaning in prices"
        return Problem("unit", "reserved_unit", sentence)
    if len(unit) <= LONGEST_UNIT and _UNIT.fullmatch(unit):
        return None
    sentence = (
        f"unit must be one word in the singular, such as message or GB-day: 1 to {LONGEST_UNIT} "
        "ASCII letters, with hyphens only between letters"
    )
    return Problem("unit", "invalid_unit", sentence)


def own_codes_of(category: Category) -> range:
    """Return the codes of a category's own meters: a code names its category and kind."""
    first = _CODES_OF_CATEGORY * (list(Category).index(category) + 1)
    return range(first, first + _CODES_OF_CATEGORY)


def category_of_code(code: int) -> Category | None:
    """Return the category that a code of an own meter names; None for any other number."""
    place = code // _CODES_OF_CATEGORY
    return list(Category)[place - 1] if 1 <= place <= len(Category) else None


def is_own_code(code: int) -> bool:
    """Return whether a code is that of an own meter."""
    return code >= _CODES_OF_CATEGORY


def is_monthly_code(code: int) -> bool:
    """Return whether a code is that of an own meter by the month."""
    return is_own_code(code) and code % _CODES_OF_CATEGORY >= _MONTHLY


def fits_code(code: int, category: Category, unit: str) -> bool:
    """Return whether a code is one of a category's, and of the kind of a unit."""
    return code in _codes_for(category, unit)


def free_code(category: Category, unit: str, taken: Collection[int]) -> int:
    """Return a code for an own meter that no other one of the tenant has."""
    return next(code for code in _codes_for(category, unit) if code not in taken)


def kind_codes_of(category: Category, *, is_monthly: bool) -> range:
    """Return the codes of a category's own meters by the month, or of all others."""
    codes = own_codes_of(category)
    return codes[_MONTHLY:] if is_monthly else codes[:_MONTHLY]


def _codes_for(category: Category, unit: str) -> range:
    return kind_codes_of(category, is_monthly=unit == "month")
