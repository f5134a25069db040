"""Organizations and users: who a ledger is about, and what their fields may be."""

import unicodedata
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from iso4217 import Currency

from tollbook.domain.errors import Problem
from tollbook.domain.events import LONGEST_ID

LONGEST_NAME = 200
DEFAULT_CURRENCY = "USD"
"""The currency of a tenant that names none."""
LONGEST_EMAIL = 254
UNADDRESSABLE = frozenset({".", ".."})
"""Clients take these segments out of a path, however they are escaped."""
LOCAL_ZONES = frozenset({"localtime", "Factory"})
"""Zones that mean something else on another machine, or nothing."""


class Status(StrEnum):
    """The state of an organization or a user."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"


class Organization(msgspec.Struct, frozen=True):
    """A customer of a tenant. Its days begin at midnight in `timezone`.

    `number_format` is how it writes phone numbers, None when as its tenant does.
    """

    id: str
    name: str
    timezone: str = "UTC"
    currency: str = DEFAULT_CURRENCY
    status: Status = Status.ACTIVE
    number_format: str | None = None


class User(msgspec.Struct, frozen=True):
    """A person of one organization."""

    id: str
    name: str
    email: str | None = None
    status: Status = Status.ACTIVE


@cache
def zone(name: str) -> ZoneInfo:
    """Give an IANA time zone by name."""
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def has_control_characters(text: str) -> bool:
    """Tell whether a text holds characters that no identifier or name should."""
    return not text.isprintable() and any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in text
    )


def text_problem(field: str, value: str, longest: int) -> Problem | None:
    """Say what is wrong with a text: empty, too long, or with control characters."""
    if not value or value.isspace():
        return Problem(field, "empty", f"{field} must not be empty")
    if len(value) > longest:
        return Problem(field, "too_long", f"{field} must have at most {longest} characters")
    if has_control_characters(value):
        return Problem(field, "control_characters", f"{field} must not contain control characters")
    return None


def id_problem(field: str, value: str) -> Problem | None:
    """Say what is wrong with an identifier."""
    return text_problem(field, value, LONGEST_ID)


def unaddressable(field: str) -> Problem:
    """Return the problem with an id that no path can hold."""
    sentence = f'{field} must not be "." or "..": no path can hold such an id'
    return Problem(field, "unaddressable_id", sentence)


_CURRENCIES = frozenset(it.code for it in Currency) - {"XTS", "XXX"}
"""The codes in force. Nobody pays in the code for tests or in the one for no currency."""


def currency_problem(currency: str) -> Problem | None:
    """Return what is wrong with a currency, None for a code of ISO 4217 that is in force."""
    if currency in _CURRENCIES:
        return None
    sentence = "currency must be an ISO 4217 code such as USD"
    return Problem("currency", "invalid_currency", sentence)


def new_organization_problems(organization: Organization) -> list[Problem]:
    """List everything wrong with an organization that is to be created."""
    found = organization_problems(organization)
    if organization.id in UNADDRESSABLE:
        found.append(unaddressable("id"))
    if organization.timezone in LOCAL_ZONES:
        sentence = "timezone must be the name of a place or UTC, not of the machine's own zone"
        found.append(Problem("timezone", "local_timezone", sentence))
    return found


def new_user_problems(user: User) -> list[Problem]:
    """List everything wrong with a user that is to be created."""
    found = user_problems(user)
    if user.id in UNADDRESSABLE:
        found.append(unaddressable("id"))
    return found


def organization_problems(organization: Organization) -> list[Problem]:
    """List everything wrong with an organization."""
    found = [
        id_problem("id", organization.id),
        text_problem("name", organization.name, LONGEST_NAME),
    ]
    if organization.timezone not in _zone_names():
        found.append(
            Problem(
                "timezone",
                "unknown_timezone",
                "timezone must be an IANA name such as Europe/Berlin",
            )
        )
    found.append(currency_problem(organization.currency))
    return [problem for problem in found if problem]


def user_problems(user: User) -> list[Problem]:
    """List everything wrong with a user."""
    found = [id_problem("id", user.id), text_problem("name", user.name, LONGEST_NAME)]
    if user.email is not None:
        found.append(text_problem("email", user.email, LONGEST_EMAIL))
        if "@" not in user.email:
            found.append(Problem("email", "invalid_email", "email must contain @"))
    return [problem for problem in found if problem]
