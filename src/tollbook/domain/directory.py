"""Organizations and users, and the rules for their fields."""

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
"""The default currency of a tenant."""
DEFAULT_ZONE = "UTC"
"""The default time zone of a tenant and of an organization."""
LONGEST_EMAIL = 254
UNADDRESSABLE = frozenset({".", ".."})
"""Clients remove these segments from a path, even if they are escaped."""
LOCAL_ZONES = frozenset({"localtime", "Factory"})
"""Time zones whose meaning depends on the machine."""


class Status(StrEnum):
    """The state of an organization or a user."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"


class UserPermission(StrEnum):
    """What a user may do on the platform of the tenant; Tollbook only reports it."""

    ADMIN = "admin"
    USER = "user"


class Organization(msgspec.Struct, frozen=True):
    """A customer of a tenant. Its days begin at midnight in `timezone`.

    `number_format` None means the number format of the tenant. `email` is that of its contact.
    """

    id: str
    name: str
    timezone: str = "UTC"
    currency: str = DEFAULT_CURRENCY
    status: Status = Status.ACTIVE
    number_format: str | None = None
    email: str | None = None


class User(msgspec.Struct, frozen=True):
    """A person of one organization."""

    id: str
    name: str
    email: str | None = None
    status: Status = Status.ACTIVE
    permission: UserPermission = UserPermission.USER


@cache
def zone(name: str) -> ZoneInfo:
    """Return an IANA time zone by name."""
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def has_control_characters(text: str) -> bool:
    """Return whether a text contains control characters or lone surrogates."""
    return not text.isprintable() and any(
        unicodedata.category(character) in {"Cc", "Cs"} for character in text
    )


def text_problem(field: str, value: str, longest: int) -> Problem | None:
    """Return the problem with a text: empty, too long, or with control characters."""
    if not value or value.isspace():
        return Problem(field, "empty", f"{field} must not be empty")
    if len(value) > longest:
        return Problem(field, "too_long", f"{field} must have at most {longest} characters")
    if has_control_characters(value):
        return Problem(field, "control_characters", f"{field} must not contain control characters")
    return None


def id_problem(field: str, value: str) -> Problem | None:
    """Return the problem with an identifier, if there is one."""
    return text_problem(field, value, LONGEST_ID)


def unaddressable(field: str) -> Problem:
    """Return the problem with an id that no URL path can contain."""
    sentence = f'{field} must not be "." or "..": a URL path cannot contain such an id'
    return Problem(field, "unaddressable_id", sentence)


_CURRENCIES = frozenset(it.code for it in Currency) - {"XTS", "XXX"}
"""The codes in force, except those for tests and for no currency."""


_DECIMALS = {it.code: it.exponent for it in Currency}


def decimals_of(currency: str) -> int | None:
    """Return the decimals of a currency's smallest unit; None if it has none, like gold."""
    return _DECIMALS.get(currency)


def currency_problem(currency: str) -> Problem | None:
    """Return the problem with a currency; None for an ISO 4217 code in force."""
    if currency in _CURRENCIES:
        return None
    sentence = "currency must be an ISO 4217 code such as USD"
    return Problem("currency", "invalid_currency", sentence)


def new_organization_problems(organization: Organization) -> list[Problem]:
    """Return the problems with an organization that is to be created."""
    found = organization_problems(organization)
    if organization.id in UNADDRESSABLE:
        found.append(unaddressable("id"))
    return [*found, *local_zone_problems(organization.timezone)]


def timezone_problem(timezone: str) -> Problem | None:
    """Return the problem with a time zone; None for an IANA name."""
    if timezone in _zone_names():
        return None
    sentence = "timezone must be an IANA name such as Europe/Berlin"
    return Problem("timezone", "unknown_timezone", sentence)


def local_zone_problems(timezone: str) -> list[Problem]:
    """Return the problem with a time zone whose meaning depends on the machine."""
    if timezone not in LOCAL_ZONES:
        return []
    sentence = "timezone must be UTC or name a place; the machine's local zone is not allowed"
    return [Problem("timezone", "local_timezone", sentence)]


def new_user_problems(user: User) -> list[Problem]:
    """Return the problems with a user that is to be created."""
    found = user_problems(user)
    if user.id in UNADDRESSABLE:
        found.append(unaddressable("id"))
    return found


def organization_problems(organization: Organization) -> list[Problem]:
    """Return the problems with an organization."""
    found = [
        id_problem("id", organization.id),
        text_problem("name", organization.name, LONGEST_NAME),
    ]
    found += [timezone_problem(organization.timezone), currency_problem(organization.currency)]
    return [*(problem for problem in found if problem), *_email_problems(organization.email)]


def user_problems(user: User) -> list[Problem]:
    """Return the problems with a user."""
    found = [id_problem("id", user.id), text_problem("name", user.name, LONGEST_NAME)]
    return [*(problem for problem in found if problem), *_email_problems(user.email)]


def _email_problems(email: str | None) -> list[Problem]:
    if email is None:
        return []
    found = [text_problem("email", email, LONGEST_EMAIL)]
    if "@" not in email:
        found.append(Problem("email", "invalid_email", "email must contain @"))
    return [problem for problem in found if problem]
