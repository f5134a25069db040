"""tollbook budgets: what an organization or a user may cost in a month."""

import click

from tollbook.analytics.budgets import BudgetStatus, budgets_report, standings
from tollbook.analytics.scope import QuestionScope
from tollbook.api.endpoints.budgets import budget_answer
from tollbook.cli.choices import named_organization, named_user, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import FRACTION, MONTHLY
from tollbook.domain.budgets import (
    DEFAULT_ALERTS,
    WHOLE_ORGANIZATION,
    alert_problems,
)
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.exact import amount_text
from tollbook.settings import Settings
from tollbook.store import budgets
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import now, open_migrated

verb = VerbGroup()
_organization = click.argument("organization", help="The id of the organization.")
_user = click.option("--user", help="A user, instead of the whole organization.")
organization_filter = click.argument(
    "organization", required=False, help="Only budgets of this organization."
)


@verb.command("set")
@_organization
@click.argument("monthly", type=MONTHLY, help="The amount, in the currency of the organization.")
@click.option(
    "--alert-at",
    type=FRACTION,
    multiple=True,
    default=DEFAULT_ALERTS,
    help="Report when this fraction of the budget is spent; repeatable.",
)
@_user
@shared_options
def _set(options: Options, settings: Settings) -> int:
    """Set the monthly budget of an organization or a user."""
    monthly, alert_at = options.monthly, list(options.alert_at)
    problems = alert_problems(alert_at)
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


@verb.command("remove")
@_organization
@_user
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove a budget."""
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


def _whose(snapshot: Snapshot, options: Options) -> tuple[OrganizationRow, str]:
    organization = organization_of(snapshot, options.tenant, options.organization)
    user = named_user(snapshot, organization, options.user)
    return organization, user.id if user else WHOLE_ORGANIZATION


def _name(organization: OrganizationRow, user_id: str) -> str:
    return f"user {user_id} of {organization.id}" if user_id else f"organization {organization.id}"


def standings_of(snapshot: Snapshot, options: Options) -> tuple[QuestionScope, list[BudgetStatus]]:
    """Read how the budgets that a command names stand."""
    scope = QuestionScope(options.tenant, named_organization(snapshot, options))
    listed = budgets.budgets(snapshot, scope.tenant, scope.number)
    return scope, standings(snapshot, scope, listed, now())


@verb.command("list")
@organization_filter
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List budgets and how much of them is spent."""
    return list_budgets(options, settings)


def list_budgets(options: Options, settings: Settings) -> int:
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


def _cells(it: BudgetStatus) -> tuple[str | None, ...]:
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
