"""tollbook budgets: what an organization or a user may cost in a month."""

import argparse

from tollbook.analytics.budgets import Standing, budgets_report, standings
from tollbook.analytics.scope import Scope
from tollbook.api.budgets import budget_answer
from tollbook.cli.choices import add_tenant_option, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.budgets import (
    DEFAULT_ALERTS,
    WHOLE_ORGANIZATION,
    alert_problems,
    monthly_of,
    monthly_problem,
)
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.exact import amount_text
from tollbook.settings import Settings
from tollbook.store import budgets, directory
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    acts = verbs.add_parser(
        "budgets", help="monthly budgets of organizations and users"
    ).add_subparsers(metavar="ACTION", required=True)
    setting = acts.add_parser("set", help="give an organization or a user a budget")
    setting.add_argument("organization")
    setting.add_argument("monthly", help="the amount, in the organization's currency")
    setting.add_argument(
        "--alert-at",
        type=_fraction,
        action="append",
        metavar="FRACTION",
        help="a fraction of it at which to tell; may be given several times "
        f"(default: {', '.join(map(str, DEFAULT_ALERTS))})",
    )
    removing = acts.add_parser("remove", help="take a budget away")
    removing.add_argument("organization")
    for parser in (setting, removing):
        parser.add_argument("--user", help="a user's budget instead of the organization's")
    listing = acts.add_parser("list", help="list budgets and how far they are used")
    listing.add_argument("organization", nargs="?", help="only this organization's")
    for parser, run in ((setting, _set), (removing, _remove), (listing, list_budgets)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _fraction(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a fraction such as 0.8") from error


def _set(options: argparse.Namespace, settings: Settings) -> int:
    alert_at = options.alert_at or list(DEFAULT_ALERTS)
    problems = alert_problems(alert_at)
    try:
        monthly = monthly_of(options.monthly.encode())
    except ValueError:
        problems = [monthly_problem(), *problems]
    if problems:
        raise InvalidRequest.of(problems)
    with open_migrated(settings).writing() as transaction:
        organization, user_id = _whose(transaction, options)
        actor = Actor(options.tenant, COMMAND_LINE, now())
        budget = budgets.set_budget(transaction, actor, organization, user_id, monthly, alert_at)
    if options.json:
        print_json(budget_answer(organization, budget))
    else:
        amount = f"{amount_text(monthly)} {organization.currency}"
        print_line(f"{_name(organization, user_id)} has a budget of {amount} a month")
    return 0


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).writing() as transaction:
        organization, user_id = _whose(transaction, options)
        actor = Actor(options.tenant, COMMAND_LINE, now())
        budget = budgets.remove_budget(transaction, actor, organization, user_id)
        if budget is None:
            raise NotFound(f"{_name(organization, user_id)} has no budget")
    if options.json:
        print_json(budget_answer(organization, budget))
    else:
        print_line(f"{_name(organization, user_id)} has no budget any more")
    return 0


def _whose(snapshot: Snapshot, options: argparse.Namespace) -> tuple[OrganizationRow, str]:
    organization = organization_of(snapshot, options.tenant, options.organization)
    if options.user is None:
        return organization, WHOLE_ORGANIZATION
    if directory.find_user(snapshot, organization.number, options.user) is None:
        raise NotFound(f"organization {organization.id} has no user {options.user}")
    return organization, str(options.user)


def _name(organization: OrganizationRow, user_id: str) -> str:
    return f"user {user_id} of {organization.id}" if user_id else f"organization {organization.id}"


def standings_of(snapshot: Snapshot, options: argparse.Namespace) -> tuple[Scope, list[Standing]]:
    """Read how the budgets that a command names stand."""
    organization = None
    if options.organization is not None:
        organization = organization_of(snapshot, options.tenant, options.organization)
    scope = Scope(options.tenant, organization)
    listed = budgets.budgets(snapshot, scope.tenant, scope.number)
    return scope, standings(snapshot, scope, listed, now())


def list_budgets(options: argparse.Namespace, settings: Settings) -> int:
    """List budgets, as a table or as the API answers."""
    with open_migrated(settings).reading() as snapshot:
        scope, found = standings_of(snapshot, options)
    if options.json:
        print_json(budgets_report(found, scope))
    else:
        print_rows(
            (
                "Organization",
                "User",
                "Monthly",
                "Currency",
                "Spent",
                "Used",
                "Forecast",
                "Passed on",
                "State",
            ),
            map(_cells, found),
            "there are no budgets yet",
        )
    return 0


def _cells(it: Standing) -> tuple[str | None, ...]:
    organization, user_name, budget = it.budgeted
    return (
        organization.name,
        user_name or None,
        amount_text(budget.monthly),
        organization.currency,
        amount_text(it.outlook.spent),
        f"{it.outlook.spent / budget.monthly:.0%}",
        amount_text(it.outlook.forecast),
        it.passed_on.isoformat() if it.passed_on else None,
        it.state.value,
    )
