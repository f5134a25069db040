"""tollbook budgets: set, remove and list the budgets of organizations and users."""

import click

from tollbook.administration.budgets import NewBudget, holder_name, remove_budget, set_budget
from tollbook.analytics.budgets import BudgetStatus, budgets_report, standings
from tollbook.analytics.scope import QuestionScope
from tollbook.api.endpoints.budgets import budget_answer
from tollbook.cli.amounts import amount_writer, percent_text
from tollbook.cli.choices import (
    amounts_option,
    command_line,
    exact_option,
    named_organization,
    named_user,
    organization_of,
    shared_options,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import FRACTION
from tollbook.domain.budgets import (
    DEFAULT_ALERTS,
    WHOLE_ORGANIZATION,
    BudgetPeriod,
    budget_amount_of,
    budget_amount_problem,
)
from tollbook.domain.exact import amount_text
from tollbook.settings import Settings
from tollbook.store import budgets
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import now, open_migrated

verb = VerbGroup()
_organization = click.argument("organization", help="The id of the organization.")
_user = click.option("--user", help="A user, instead of the whole organization.")
_period = click.option(
    "--period",
    type=click.Choice([it.value for it in BudgetPeriod]),
    default=BudgetPeriod.MONTH.value,
    help="The period that the budget is for.",
)
organization_filter = click.argument(
    "organization", required=False, help="Only budgets of this organization."
)


@verb.command("set")
@_organization
@click.argument("amount", help="In the currency of the organization.")
@click.option(
    "--alert-at",
    type=FRACTION,
    multiple=True,
    default=DEFAULT_ALERTS,
    help="Report when this fraction of the budget is spent; repeatable.",
)
@_user
@_period
@amounts_option
@shared_options
def _set(options: Options, settings: Settings) -> int:
    """Set the budget of an organization or a user."""
    period = BudgetPeriod(options.period)
    _require_amount(options.amount, period)
    new = NewBudget(alert_at=tuple(options.alert_at), **{period.adverb: options.amount})
    with open_migrated(settings).writing() as transaction:
        organization, user_id = _holder(transaction, options)
        actor = command_line(options.tenant)
        budget = set_budget(transaction, actor, organization, user_id, new)
    amount = f"{amount_text(budget.amount)} {organization.currency}"
    sentence = f"{holder_name(organization, user_id)} has a budget of {amount} a {period}"
    print_result(budget_answer(organization, budget), sentence, json=options.json)
    return 0


def _require_amount(text: str, period: BudgetPeriod) -> None:
    try:
        budget_amount_of(text.encode())
    except ValueError as error:
        sentence = budget_amount_problem(period.adverb).error
        raise click.BadParameter(sentence, param_hint="AMOUNT") from error


@verb.command("remove")
@_organization
@_user
@_period
@amounts_option
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove a budget."""
    with open_migrated(settings).writing() as transaction:
        organization, user_id = _holder(transaction, options)
        actor = command_line(options.tenant)
        period = BudgetPeriod(options.period)
        budget = remove_budget(transaction, actor, organization, user_id, period)
    sentence = f"the budget of {holder_name(organization, user_id)} is removed"
    print_result(budget_answer(organization, budget), sentence, json=options.json)
    return 0


def _holder(snapshot: Snapshot, options: Options) -> tuple[OrganizationRow, str]:
    organization = organization_of(snapshot, options.tenant, options.organization)
    user = named_user(snapshot, organization, options.user)
    return organization, user.id if user else WHOLE_ORGANIZATION


def standings_of(snapshot: Snapshot, options: Options) -> tuple[QuestionScope, list[BudgetStatus]]:
    """Return the status of the budgets that the options name."""
    scope = QuestionScope(options.tenant, named_organization(snapshot, options))
    listed = budgets.budgets(snapshot, scope.tenant, scope.number)
    return scope, standings(snapshot, scope, listed, now())


@verb.command("list")
@organization_filter
@exact_option
@amounts_option
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List budgets and how much of them is spent."""
    with open_migrated(settings).reading() as snapshot:
        scope, found = standings_of(snapshot, options)
    if options.json:
        print_json(budgets_report(found, scope))
    else:
        print_budgets(options, found)
    return 0


def print_budgets(options: Options, found: list[BudgetStatus]) -> None:
    """Print a table of budgets."""
    print_rows(
        (
            *("Organization", "User", "Period", "Budget", "Currency", "Spent", "Used"),
            *("Forecast", "Exceeded on", "State"),
        ),
        (_cells(options, it) for it in found),
        "there are no budgets yet",
    )


def _cells(options: Options, it: BudgetStatus) -> tuple[str | None, ...]:
    organization, user_name, budget = it.budgeted
    write = amount_writer(options, organization.currency)
    return (
        organization.name,
        user_name or None,
        budget.period.value,
        write(budget.amount),
        organization.currency,
        write(it.spent),
        percent_text(it.spent, budget.amount, 0),
        write(it.outlook.forecast) if it.outlook else None,
        it.passed_on.isoformat() if it.passed_on else None,
        it.state.value,
    )
