"""tollbook verify: recompute every sum from the events and compare."""

from contextlib import closing

import click

from tollbook.cli.choices import json_option
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line
from tollbook.cli.parameters import PATH
from tollbook.lifecycle import reversals
from tollbook.lifecycle.check import archive_differences
from tollbook.settings import Settings
from tollbook.store import orphans
from tollbook.store.engine import TimeLimit
from tollbook.store.verification import (
    CHECKS,
    RowDifference,
    count_archived,
    count_events,
    differences,
    local_zones,
)
from tollbook.wiring import open_migrated


@click.command(cls=Command)
@click.option(
    "--archive", type=PATH, metavar="FOLDER", help="Also read archived events in this folder."
)
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Recompute every sum from the events and compare; exit 1 when any differs."""
    found: list[RowDifference] = []
    with (
        closing(open_migrated(settings)) as database,
        database.reading(TimeLimit.NONE) as snapshot,
    ):
        events = count_events(snapshot)
        for check in CHECKS:
            found.extend(differences(snapshot, check))
        found.extend(reversals.reversal_differences(snapshot))
        found.extend(orphans.owner_differences(snapshot))
        if options.archive is not None:
            found.extend(archive_differences(snapshot, options.archive))
        archived = count_archived(snapshot)
        zones = local_zones(snapshot)
    if options.json:
        print_json(
            {
                "events": events,
                "archived": archived,
                "differences": [it._asdict() for it in found],
                "local_timezones": [it._asdict() for it in zones],
            }
        )
    else:
        for difference in found:
            row = ", ".join(f"{name}={value}" for name, value in difference.row.items())
            print_line(f"{difference.check}: {difference.side}: {row}")
        for zone in zones:
            print_line(
                f"note: organization {zone.organization_id} of tenant {zone.tenant_id} has the "
                f"timezone {zone.timezone}, whose meaning depends on the machine"
            )
        names = ", ".join((*(check.name for check in CHECKS), reversals.CHECK, orphans.CHECK))
        verdict = f"{len(found)} differences" if found else "all agree"
        more = f" and {archived} archived ones" if archived else ""
        print_line(f"{events} events{more} against {names}: {verdict}")
    return 1 if found else 0
