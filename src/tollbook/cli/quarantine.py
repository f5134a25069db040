"""tollbook quarantine: list, replay and discard events that are stored but not charged."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.progress import Progress

from tollbook.api.endpoints.quarantine import (
    QuarantinedEvent,
    quarantine_causes,
    quarantined_event,
)
from tollbook.api.endpoints.quarantine_answers import (
    ReplayDryRunAnswer,
    quarantine_run_answer,
    replay_dry_run_answer,
)
from tollbook.api.endpoints.quarantine_runs import selection_problem
from tollbook.api.endpoints.quarantine_selection import SelectedEvents, code_of, selection_of
from tollbook.cli.choices import (
    combined,
    command_line,
    organization_of,
    require_yes,
    shared_options,
    yes_option,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_result, print_rows
from tollbook.cli.parameters import EVENTS, METER, MOMENT, ROWS, whole
from tollbook.cli.run_progress import execute_run
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import NotFound
from tollbook.domain.quarantine import (
    CODES,
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    WayOut,
)
from tollbook.quarantine import runs
from tollbook.quarantine.discard import discard_event
from tollbook.quarantine.dry_run import dry_run_replay
from tollbook.quarantine.run_steps import QuarantineExecutor
from tollbook.settings import Settings
from tollbook.store import directory, quarantine, quarantine_runs
from tollbook.store.database import Database, Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import TimeLimit
from tollbook.store.meters import read_catalog
from tollbook.wiring import directory_cache_of, now, open_migrated

_USUAL_LIMIT = 100
_RUN = whole("run")


verb = VerbGroup()
_selection = combined(
    click.option("--organization", help="Only events of this organization."),
    click.option(
        "--code",
        type=click.Choice(CODES),
        metavar="CODE",
        multiple=True,
        help="Only events with this reason, such as no_price; repeatable.",
    ),
    click.option(
        "--id",
        multiple=True,
        help="Only the event with this id, of the --organization; repeatable.",
    ),
    click.option("--type", type=METER, metavar="METER", help="Only events of this type."),
    click.option("--start", type=MOMENT, help="Only events from this day, or time, on."),
    click.option("--end", type=MOMENT, help="Only events until this day, or time."),
)


@verb.command("list")
@click.option("--limit", type=EVENTS, default=_USUAL_LIMIT, help="The most events to list.")
@_selection
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """Count events by reason, then list them."""
    tenant = options.tenant
    with open_migrated(settings).reading() as snapshot:
        selection, _ = _selected(snapshot, options)
        start, most = quarantine.FROM_THE_START, options.limit + 1
        found = quarantine.waiting(snapshot, tenant, selection, start, most)
        number = selection.organization
        causes = [] if options.json else quarantine_causes(snapshot, tenant, number)
    events = [quarantined_event(it) for it in found[: options.limit]]
    if options.json:
        print_json(events)
        return 0
    if causes:
        counts = (
            (f"{it.events:,}", it.code, _ways(it.ways_out), it.example.reason) for it in causes
        )
        print_rows(("Events", "Code", "Ways out", "Example"), counts, "")
    codes = " or ".join(options.code)
    missing = f"no event has the code {codes}" if codes else "no event is selected"
    print_rows(
        ("Organization", "Event", "Received", "Code", "Ways out", "Reason"),
        map(_cells, events),
        missing if causes else "no events are in quarantine",
    )
    if len(found) > options.limit:
        print_line(f"there are more than {options.limit:,} events; --limit shows more")
    return 0


def _cells(event: QuarantinedEvent) -> tuple[str, ...]:
    received_at = f"{event.received_at:%Y-%m-%d %H:%M:%S}"
    ways = _ways(event.ways_out)
    return event.organization_id, event.id, received_at, event.code, ways, event.reason


def _ways(ways: Sequence[WayOut]) -> str:
    return ", ".join(way.value for way in ways)


@verb.command("replay")
@_selection
@click.option("--dry-run", is_flag=True, help="Show what would be charged, and write nothing.")
@shared_options
def _replay(options: Options, settings: Settings) -> int:
    """Charge all events that now have a price and an organization."""
    database = open_migrated(settings)
    with database.reading() as snapshot:
        found = _selected(snapshot, options)
    if options.dry_run:
        return _dry_run(options, settings, database, found)
    return _begin(options, settings, database, QuarantineAction.REPLAY, found)


@verb.command("discard")
@click.argument("organization_id", metavar="ORG", required=False, help="The organization.")
@click.argument("event_id", metavar="ID", required=False, help="The event to discard.")
@_selection
@click.option("--all", is_flag=True, help="Discard every event in quarantine.")
@yes_option
@shared_options
def _discard(options: Options, settings: Settings) -> int:
    """Delete one event, or those selected; they are never charged."""
    require_yes(options)
    database = open_migrated(settings)
    if options.organization_id is not None:
        return _discard_one(options, database)
    with database.reading() as snapshot:
        found = _selected(snapshot, options)
    if selection_problem(found, every=options.all):
        raise click.UsageError("select events by ORG ID or with options, or all of them with --all")
    return _begin(options, settings, database, QuarantineAction.DISCARD, found)


def _discard_one(options: Options, database: Database) -> int:
    names = ("organization", "code", "id", "type", "start", "end", "all")
    if options.event_id is None or any(getattr(options, name) for name in names):
        raise click.UsageError("ORG and ID name one event; options select several")
    with database.writing() as transaction:
        row = _organization(transaction, options, options.organization_id)
        discard_event(transaction, command_line(options.tenant), row, options.event_id)
    answer = {"organization_id": row.id, "id": options.event_id}
    print_result(answer, f"event {options.event_id} discarded", json=options.json)
    return 0


@verb.command("runs")
@click.option("--limit", type=ROWS, default=_USUAL_LIMIT, help="The most runs to list.")
@shared_options
def _runs(options: Options, settings: Settings) -> int:
    """List the latest replays and discards."""
    with open_migrated(settings).reading() as snapshot:
        _require_tenant(snapshot, options)
        found = quarantine_runs.runs(snapshot, options.tenant, None, options.limit)
        catalog = read_catalog(snapshot, options.tenant)
    shown = [quarantine_run_answer(run, catalog) for run in found]
    if options.json:
        print_json({"runs": shown})
        return 0
    print_rows(
        ("Run", "Action", "Status", "Organization", "Events", "Released", "Discarded", "By"),
        (
            (
                str(run.id),
                run.action.value,
                run.status.value,
                run.organization_id or "all",
                f"{run.events:,} of {run.expected:,}",
                f"{run.released:,}",
                f"{run.discarded:,}",
                run.created_by,
            )
            for run in shown
        ),
        f"tenant {options.tenant} has no quarantine runs",
    )
    return 0


@verb.command("stop")
@click.argument("run", type=_RUN, help="The number of the run.")
@shared_options
def _stop(options: Options, settings: Settings) -> int:
    """Stop a replay or discard."""
    with open_migrated(settings).writing() as transaction:
        run = runs.stop(transaction, command_line(options.tenant), options.run)
        catalog = read_catalog(transaction, options.tenant)
    _print(options, run, catalog)
    return 0


@verb.command("resume")
@click.argument("run", type=_RUN, help="The number of the run.")
@shared_options
def _resume(options: Options, settings: Settings) -> int:
    """Resume a replay or discard that was stopped or killed."""
    database = open_migrated(settings)
    with database.writing() as transaction:
        run = runs.resume(transaction, command_line(options.tenant), options.run)
    return _execute(options, settings, database, run)


def _dry_run(
    options: Options, settings: Settings, database: Database, found: SelectedEvents
) -> int:
    cache, selection = directory_cache_of(settings, database), found.selection
    with (
        database.reading(TimeLimit.NONE) as snapshot,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        total = quarantine.count_selected(snapshot, options.tenant, selection)
        task = progress.add_task("reading events", total=total)
        result = dry_run_replay(
            snapshot,
            cache,
            options.tenant,
            selection,
            now(),
            lambda events: progress.update(task, advance=events),
        )
    answer = replay_dry_run_answer(result)
    if options.json:
        print_json({"dry_run": answer})
    else:
        _print_dry_run(answer)
    return 0


def _print_dry_run(answer: ReplayDryRunAnswer) -> None:
    print_rows(
        ("Organization", "Meter", "Events", "Cost", "Currency"),
        (
            (
                it.organization_id,
                it.meter,
                f"{it.events:,}",
                bytes(it.cost).decode(),
                it.currency,
            )
            for it in answer.sums
        ),
        "no event would be charged",
    )
    if answer.sums_count > len(answer.sums):
        print_line(f"and {answer.sums_count - len(answer.sums):,} rows with lower costs")
    for code in answer.codes:
        print_line(f"{code.code}: {code.released:,} of {code.events:,} would be charged")
    for left in answer.remaining_codes:
        print_line(f"{left.events:,} would remain as {left.code}: {_ways(left.ways_out)}")
    for total in answer.totals:
        print_line(f"{total.currency}: {bytes(total.cost).decode()}")
    print_line(
        f"{answer.released:,} would be released, {answer.remaining:,} would remain; "
        "nothing was written"
    )


def _begin(
    options: Options,
    settings: Settings,
    database: Database,
    action: QuarantineAction,
    found: SelectedEvents,
) -> int:
    run = runs.begin(database, command_line(options.tenant), action, *found)
    return _execute(options, settings, database, run)


def _execute(options: Options, settings: Settings, database: Database, run: QuarantineRun) -> int:
    """Execute a run in the foreground; return 1 when it stopped before its end."""
    cache = directory_cache_of(settings, database)
    executor = QuarantineExecutor(database, cache, options.tenant, run.id, now)
    execute_run(executor, run.id, run.expected, lambda state: state.events)
    with database.reading() as snapshot:
        run = runs.require_run(snapshot, command_line(options.tenant), run.id)
        catalog = read_catalog(snapshot, options.tenant)
    _print(options, run, catalog)
    return 1 if run.status is QuarantineRunStatus.STOPPED else 0


def _print(options: Options, run: QuarantineRun, catalog: Catalog) -> None:
    if options.json:
        print_json({"run": quarantine_run_answer(run, catalog)})
        return
    counts = f"{run.released:,} released, {run.remaining:,} remaining"
    if run.action is QuarantineAction.DISCARD:
        counts = f"{run.discarded:,} discarded"
    stopped = f"; run {run.id} is {run.status}" if run.finished_at is None else ""
    print_line(f"{counts}{stopped}")


def _selected(snapshot: Snapshot, options: Options) -> SelectedEvents:
    _require_tenant(snapshot, options)
    organization = None
    if options.organization is not None:
        organization = _organization(snapshot, options, options.organization)
    meter = code_of(read_catalog(snapshot, options.tenant), options.type)
    return selection_of(organization, options.code, options.id, meter, options.start, options.end)


def _organization(snapshot: Snapshot, options: Options, identity: str) -> OrganizationRow:
    """Return the named organization, which may be one that only events have named."""
    return organization_of(snapshot, options.tenant, identity, created=False)


def _require_tenant(snapshot: Snapshot, options: Options) -> None:
    if directory.find_tenant(snapshot, options.tenant) is None:
        raise NotFound(f"there is no tenant {options.tenant}")
