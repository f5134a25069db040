"""The options that several verbs share: which tenant, which organization."""

import argparse
from datetime import date
from typing import Any

from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.keys import ApiKey, prefix_of
from tollbook.domain.periods import parsed_day
from tollbook.rating.number_formats import number_format_problem
from tollbook.store import directory, keys
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import DEFAULT_TENANT, now


def add_tenant_option(parser: argparse.ArgumentParser) -> None:
    """Offer --tenant."""
    parser.add_argument(
        "--tenant", default=DEFAULT_TENANT, help=f"the tenant (default: {DEFAULT_TENANT})"
    )


def command_line(tenant: str) -> Actor:
    """Name who acts at the machine, for the audit log."""
    return Actor(tenant, COMMAND_LINE, now())


def day(text: str) -> date:
    """Read a day, as an option of a command."""
    try:
        return parsed_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a date such as 2024-01-31") from error


def month(text: str) -> date:
    """Read a month, as an option of a command: its first day."""
    try:
        return parsed_day(f"{text}-01")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a month such as 2024-01") from error


def number_of_events(text: str) -> int:
    """Read how many events at most, as an option of a command."""
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 9 or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of events")
    return int(text)


def add_number_format_option(parser: argparse._ActionsContainer, **given: Any) -> None:
    """Offer --number-format."""
    parser.add_argument(
        "--number-format",
        metavar="FORMAT",
        help="how digits without + are meant in phone numbers: strict (they are no number), "
        "international, or a country such as GB whose national numbers are read",
        **given,
    )


def refuse_number_format(number_format: str | None) -> None:
    """Refuse what is no number format; None is the tenant's."""
    problem = None if number_format is None else number_format_problem(number_format)
    if problem:
        raise InvalidRequest.of([problem])


def organization_of(snapshot: Snapshot, tenant: str, identity: str) -> OrganizationRow:
    """Find a tenant's organization, or say that there is none."""
    found = directory.find_organization(snapshot, tenant, identity)
    if found is None or found.status == directory.UNKNOWN:
        raise NotFound(f"tenant {tenant} has no organization {identity}")
    return found


def key_of(snapshot: Snapshot, tenant: str, prefix: str) -> ApiKey:
    """Return a tenant's API key by its public prefix; a whole key is a secret, and refused."""
    public = prefix_of(prefix)
    if public is not None:
        raise InvalidRequest(f"the key must be named by its public prefix only: {public}")
    row = keys.find_row(snapshot, tenant, prefix)
    if row is None:
        raise NotFound(f"tenant {tenant} has no key {prefix}")
    return row.key
