"""tollbook verify: recompute every sum from the events and compare."""

from contextlib import closing
from pathlib import Path

import click

from tollbook.cli.choices import json_option
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line
from tollbook.cli.parameters import PATH
from tollbook.lifecycle import reversals
from tollbook.lifecycle.archive import describe
from tollbook.lifecycle.check import archive_differences
from tollbook.lifecycle.close_days import CHECK as CLOSED_DAYS
from tollbook.lifecycle.close_days import closed_day_differences, rebuild_closed_days
from tollbook.lifecycle.missing_purchases import NotRebuilt, Rebuilt, rebuild_purchases
from tollbook.settings import Settings
from tollbook.store import delivery_checks, meter_checks, notification_checks, orphans
from tollbook.store.database import Database, Snapshot
from tollbook.store.engine import TimeLimit
from tollbook.store.verification import (
    CHECKS,
    LocalZone,
    RowDifference,
    count_archived,
    count_events,
    differences,
    local_zones,
)
from tollbook.wiring import now, open_migrated


@click.command(cls=Command)
@click.option(
    "--archive", type=PATH, metavar="FOLDER", help="Also read archived events in this folder."
)
@click.option(
    "--rebuild",
    is_flag=True,
    help=(
        "First build the columns of closed days again. With --archive, also add missing buy prices "
        "of archived events to the sums."
    ),
)
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Recompute every sum from the events and compare; exit 1 when any differs."""
    with closing(open_migrated(settings)) as database:
        rebuilt = _rebuild(options, database) if options.rebuild else {}
        return _verify(options, database, rebuilt)


def _rebuild(options: Options, database: Database) -> dict[str, object]:
    """Build what is derived again; return what became of archived months as a field of the JSON."""
    rebuild_closed_days(database, now())
    if options.archive is None:
        return {"rebuilt": []}
    found = [_rebuilt_line(it) for it in rebuild_purchases(database, options.archive, now())]
    if not options.json:
        for line in found:
            print_line(line)
    return {"rebuilt": found}


def _rebuilt_line(result: Rebuilt | NotRebuilt) -> str:
    name = describe(result.month)
    if isinstance(result, NotRebuilt):
        return f"{name}: buy prices were not added: {result.reason}"
    return f"{name}: buy prices of {result.groups} groups of archived events were added"


def _verify(options: Options, database: Database, rebuilt: dict[str, object]) -> int:
    with database.reading(TimeLimit.NONE) as snapshot:
        events, archived = count_events(snapshot), count_archived(snapshot)
        found = _differences(snapshot, options.archive)
        zones = local_zones(snapshot)
    if options.json:
        print_json(
            {
                "events": events,
                "archived": archived,
                "differences": [difference._asdict() for difference in found],
                "local_timezones": [zone._asdict() for zone in zones],
                **rebuilt,
            }
        )
    else:
        _print_differences(found)
        _print_zones(zones)
        subjects = (reversals, orphans, meter_checks, delivery_checks, notification_checks)
        more_checks = [it.CHECK for it in subjects]
        names = ", ".join((*(check.name for check in CHECKS), *more_checks, CLOSED_DAYS))
        verdict = f"{len(found)} differences" if found else "all agree"
        more = f" and {archived} archived ones" if archived else ""
        print_line(f"{events} events{more} against {names}: {verdict}")
    return 1 if found else 0


def _differences(snapshot: Snapshot, folder: Path | None) -> list[RowDifference]:
    found = [difference for check in CHECKS for difference in differences(snapshot, check)]
    found.extend(closed_day_differences(snapshot))
    found.extend(reversals.reversal_differences(snapshot))
    found.extend(orphans.owner_differences(snapshot))
    found.extend(meter_checks.meter_differences(snapshot))
    found.extend(notification_checks.notification_differences(snapshot))
    found.extend(delivery_checks.delivery_differences(snapshot))
    if folder is not None:
        found.extend(archive_differences(snapshot, folder))
    return found


def _print_differences(found: list[RowDifference]) -> None:
    for difference in found:
        row = ", ".join(f"{name}={value}" for name, value in difference.row.items())
        print_line(f"{difference.check}: {difference.side}: {row}")


def _print_zones(zones: list[LocalZone]) -> None:
    for zone in zones:
        print_line(
            f"note: organization {zone.organization_id} of tenant {zone.tenant_id} has the "
            f"timezone {zone.timezone}, whose meaning depends on the machine"
        )
