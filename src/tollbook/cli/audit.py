"""tollbook audit: show who did what to which object, with which key, and from where."""

from itertools import islice

import click

from tollbook.api.endpoints.audit_log import ShownAct, acts_table, shown_act, span_of
from tollbook.cli.choices import named_organization, table_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_rows
from tollbook.cli.parameters import DAY, ROWS
from tollbook.cli.report.cells import print_csv, print_ndjson
from tollbook.settings import Settings
from tollbook.store import audit
from tollbook.store.audit import AuditFilter
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

_LIMIT = 100


@click.command(cls=Command)
@click.option("--organization", help="Only acts about this organization.")
@click.option("--action", help="Only acts of this kind, such as key.create.")
@click.option("--key", metavar="PREFIX", help="Only acts by this key; cli for this command.")
@click.option("--start", type=DAY, help="The first day, in UTC.")
@click.option("--end", type=DAY, help="The last day, in UTC.")
@click.option(
    "--limit",
    type=ROWS,
    show_default=f"{_LIMIT}; no limit with --csv or --ndjson",
    help="The most acts to show.",
)
@click.option("--ndjson", is_flag=True, help="Print lines of JSON.")
@table_options
def verb(options: Options, settings: Settings) -> int:
    """Show who did what, newest first."""
    with open_migrated(settings).streaming() as snapshot:
        chosen, limit = _chosen(options, snapshot), options.limit
        if options.csv or options.ndjson:
            table = acts_table(islice(audit.all_acts(snapshot, options.tenant, chosen), limit))
            if options.csv:
                print_csv(options, table)
            else:
                print_ndjson(table)
            return 0
        found = audit.acts(snapshot, options.tenant, chosen, _LIMIT if limit is None else limit)
    acts = [shown_act(act) for act in found]
    if options.json:
        print_json(acts)
    else:
        print_rows(
            ("Time", "Key", "Address", "Action", "Object", "Organization", "Details"),
            map(_cells, acts),
            f"the audit log of tenant {options.tenant} has no such acts",
        )
    return 0


def _chosen(options: Options, snapshot: Snapshot) -> AuditFilter:
    row = named_organization(snapshot, options)
    span = span_of(options.start, options.end)
    return AuditFilter(row.number if row else None, options.action, options.key, *span)


def _cells(act: ShownAct) -> tuple[str | None, ...]:
    return (
        f"{act.at:%Y-%m-%d %H:%M:%S}",
        act.key_prefix,
        act.address,
        act.action,
        act.object,
        act.organization_id,
        ", ".join(f"{name}: {_text(value)}" for name, value in act.details.items() if value),
    )


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
