"""tollbook prices rerate: charge the past again, as a dry run or a run that can be reverted."""

import sys
from collections.abc import Sequence

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from tollbook.api.endpoints.rerating_answers import (
    MOST_ROWS,
    DryRunAnswer,
    RunAnswer,
    Total,
    below_buy_of,
    dry_run_answer,
    run_answer,
    unpriced_event,
)
from tollbook.cli.choices import amounts_option, named_organization, shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import DAY, VERSION, whole
from tollbook.cli.run_progress import execute_run
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.periods import day_number
from tollbook.domain.rerating import RerateRange, Run, RunStatus
from tollbook.rerating import runs
from tollbook.rerating.dry_run import dry_run
from tollbook.rerating.price_book_set import require_book, require_ledger
from tollbook.rerating.run_day import RunExecutor
from tollbook.settings import Settings
from tollbook.store import recharge, rerating_runs
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database
from tollbook.store.engine import TimeLimit
from tollbook.wiring import now, open_migrated

_SHOWN = 20
_RUN = whole("run")


@click.command("rerate", cls=Command)
@click.option("--start", type=DAY, help="The first day.")
@click.option("--end", type=DAY, help="The last day.")
@click.option("--organization", show_default="all", help="Only events of this organization.")
@click.option(
    "--version",
    type=VERSION,
    show_default="the books in force",
    help="The book to use on every day.",
)
@click.option(
    "--limit",
    type=whole("number of rows", 1, MOST_ROWS),
    default=_SHOWN,
    help="The most rows to show.",
)
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--apply", is_flag=True, help="Change the ledger, as a run.")
@click.option("--list", is_flag=True, help="List the latest runs.")
@click.option("--stop", type=_RUN, metavar="RUN", help="Stop a run after its current day.")
@click.option("--resume", type=_RUN, metavar="RUN", help="Resume a run.")
@click.option("--revert", type=_RUN, metavar="RUN", help="Restore the charges before a run.")
@amounts_option
@shared_options
def rerate(options: Options, settings: Settings) -> int:
    """Charge a period again; a dry run without --apply."""
    acts = (options.stop, options.resume, options.revert)
    if sum(act is not None for act in acts) + options.apply + options.list > 1:
        raise click.UsageError(
            "only one of --apply, --list, --stop, --resume, --revert is possible"
        )
    if options.list:
        return _list(options, open_migrated(settings))
    acts = ((runs.stop, options.stop), (runs.resume, options.resume), (runs.revert, options.revert))
    requested = [(act, number) for act, number in acts if number is not None]
    if not requested:
        if options.start is None or options.end is None:
            raise click.UsageError("--start and --end are required")
        return _rerate(options, open_migrated(settings))
    act, number = requested[0]
    database = open_migrated(settings)
    with database.writing() as transaction:
        run = act(transaction, _actor(options), number)
    return _show(options, database, run if act is runs.stop else _execute(options, database, run))


def _actor(options: Options) -> Actor:
    return Actor(options.tenant, COMMAND_LINE, now())


def _rerate(options: Options, database: Database) -> int:
    span = _span(options, database)
    if not options.apply:
        return _dry_run(options, database, span)
    if not options.yes and not _confirm(options, database, span):
        print_line("nothing was changed")
        return 1
    run = runs.begin(database, _actor(options), span)
    return _show(options, database, _execute(options, database, run))


def _span(options: Options, database: Database) -> RerateRange:
    if options.start > options.end:
        raise InvalidRequest("--start must not be after --end")
    with database.reading() as snapshot:
        row = named_organization(snapshot, options)
    number = row.number if row else None
    return RerateRange(day_number(options.start), day_number(options.end), number, options.version)


def _confirm(options: Options, database: Database, span: RerateRange) -> bool:
    """Show what would change, and ask."""
    if options.json or not sys.stdin.isatty():
        raise InvalidRequest("--apply asks for confirmation on a terminal; add --yes to confirm")
    _dry_run(options, database, span)
    return input("Apply this? [y/N] ").strip().lower() in ("y", "yes")


def _dry_run(options: Options, database: Database, span: RerateRange) -> int:
    with (
        database.reading(TimeLimit.NONE) as snapshot,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        require_ledger(snapshot, options.tenant, span)
        require_book(snapshot, options.tenant, span, apply=options.apply)
        total = recharge.expected(snapshot, options.tenant, span)
        task = progress.add_task("reading events", total=total)
        result = dry_run(
            snapshot,
            options.tenant,
            span,
            as_of=now(),
            limit=options.limit,
            progress=lambda events: progress.update(task, advance=events),
        )
        below_buy = below_buy_of(snapshot, options.tenant, span, result)
    answer = dry_run_answer(result, below_buy)
    if options.json:
        print_json({"dry_run": answer})
    else:
        _print_dry_run(answer)
    return 0


def _execute(options: Options, database: Database, run: Run) -> Run:
    """Execute a run in the foreground."""
    executor = RunExecutor(database, options.tenant, run.id, now)
    total = run.changed if run.backwards else run.expected
    execute_run(
        executor, run.id, total, lambda state: state.restored if run.backwards else state.events
    )
    with database.reading() as snapshot:
        return runs.require_run(snapshot, _actor(options), run.id)


def _list(options: Options, database: Database) -> int:
    with database.reading() as snapshot:
        found = rerating_runs.runs(snapshot, options.tenant, MOST_ROWS)
    shown = [run_answer(run) for run in found]
    if options.json:
        print_json({"runs": shown})
        return 0
    print_rows(
        ("Run", "Status", "Organization", "Start", "End", "Version", "Events", "Changed", "By"),
        (
            (
                str(run.id),
                run.status.value,
                run.organization_id or "all",
                run.start_date.isoformat(),
                run.end_date.isoformat(),
                str(run.version or ""),
                f"{run.events:,} of {run.expected:,}",
                f"{run.changed - run.restored:,}",
                run.created_by,
            )
            for run in shown
        ),
        f"tenant {options.tenant} has no rerating runs",
    )
    return 0


def _show(options: Options, database: Database, run: Run) -> int:
    """Show a run; return 1 when it stopped without --stop."""
    with database.reading() as snapshot:
        left = rerating_runs.unpriced(snapshot, options.tenant, run.id, options.limit)
    shown = run_answer(run)
    if options.json:
        print_json({"run": shown, "unpriced_events": [unpriced_event(event) for event in left]})
    else:
        if run.backwards:
            print_line(_reverted_line(shown))
        else:
            _print_run(shown)
            for event in left:
                print_line(f"  {event.organization_id} {event.id}: {event.reason}")
    return 1 if run.status is RunStatus.STOPPED and options.stop is None else 0


def _print_run(run: RunAnswer) -> None:
    line = f"run {run.id} {run.status}: {run.events:,} events, {run.changed:,} changed"
    if run.unpriced:
        line += f", {run.unpriced:,} without a price keep their charge"
    print_line(line if run.reason is None else f"{line}; {run.reason}")
    _print_totals(run.totals)


def _reverted_line(run: RunAnswer) -> str:
    """Return how far a run is reverted, without its totals, which are those of its charges."""
    line = f"run {run.id} {run.status}: {run.restored:,} of {run.changed:,} changed events have"
    line += " the charge they had before"
    return line if run.reason is None else f"{line}; {run.reason}"


def _print_dry_run(shown: DryRunAnswer) -> None:
    print_rows(
        ("Organization", "Day", "User", "Meter", "Events", "Old cost", "New cost", "Difference"),
        (
            (
                row.organization_id,
                row.day.isoformat(),
                row.user_id or "",
                row.meter,
                f"{row.events:,}",
                *(
                    bytes(amount).decode()
                    for amount in (row.old_cost, row.new_cost, row.difference)
                ),
            )
            for row in shown.rows
        ),
        "no cost would change",
    )
    if shown.differing_rows > len(shown.rows):
        print_line(f"and {shown.differing_rows - len(shown.rows):,} rows with smaller differences")
    for event in shown.unpriced_events:
        print_line(f"no price: {event.organization_id} {event.id}: {event.reason}")
    for lost in shown.lost_prices:
        names = ", ".join(lost.organizations)
        print_line(f"without a price in {lost.currency}: {', '.join(lost.meters)} ({names})")
    print_line(
        f"{shown.events:,} events, {shown.changed:,} would change, "
        f"{shown.unpriced:,} would have no price and keep their charge; nothing was written"
    )
    if shown.buy_changed:
        print_line(f"{shown.buy_changed:,} events would get another buy price only")
    if shown.below_buy_count:
        print_line(f"{shown.below_buy_count:,} rates sell below their buy price")
    _print_totals(shown.totals)


def _print_totals(totals: Sequence[Total]) -> None:
    for total in totals:
        old, new, more = (
            bytes(amount).decode() for amount in (total.old_cost, total.new_cost, total.difference)
        )
        print_line(f"{total.currency}: {old} -> {new}, difference {more}")
        if total.old_margin is not None or total.new_margin is not None:
            margins = (_margin_text(total.old_margin), _margin_text(total.new_margin))
            print_line(f"  margin {margins[0]} -> {margins[1]}")


def _margin_text(margin: msgspec.Raw | None) -> str:
    return "unknown" if margin is None else bytes(margin).decode()
