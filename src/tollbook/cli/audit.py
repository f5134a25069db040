"""tollbook audit: who did what to what, with which key, from where."""

import argparse
from itertools import islice

from tollbook.api.audit_log import ShownAct, acts_table, shown_act, span_of
from tollbook.cli.choices import day, organization_of
from tollbook.cli.output import Verbs, print_json, print_rows
from tollbook.cli.report.asked import add_output_options
from tollbook.cli.report.cells import print_csv, print_ndjson
from tollbook.settings import Settings
from tollbook.store import audit
from tollbook.store.audit import Filter
from tollbook.store.database import Snapshot
from tollbook.wiring import open_migrated

_LIMIT = 100


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    parser = verbs.add_parser("audit", help="show who did what, the newest first")
    parser.add_argument("--organization", help="only acts about this organization")
    parser.add_argument("--action", help="only acts of this kind, such as key.create")
    parser.add_argument("--key", help="only acts by the key with this prefix; cli for this command")
    parser.add_argument("--start", type=day, metavar="DATE", help="the first day, in UTC")
    parser.add_argument("--end", type=day, metavar="DATE", help="the last day, in UTC")
    parser.add_argument(
        "--limit",
        type=int,
        help=f"the most (default: {_LIMIT}; all of them with --csv or --ndjson)",
    )
    parser.add_argument("--ndjson", action="store_true", help="print an object of JSON a line")
    add_output_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).streaming() as snapshot:
        chosen, limit = _chosen(options, snapshot), options.limit
        if options.csv or options.ndjson:
            of_all = audit.all_acts(snapshot, options.tenant, chosen)
            table = acts_table(of_all if limit is None else islice(of_all, max(0, limit)))
            (print_csv if options.csv else print_ndjson)(table)
            return 0
        most = _LIMIT if limit is None else max(0, limit)
        found = audit.acts(snapshot, options.tenant, chosen, most)
    acts = [shown_act(it) for it in found]
    if options.json:
        print_json(acts)
    else:
        print_rows(
            ("When", "Key", "From", "Act", "On", "Organization", "Details"),
            map(_cells, acts),
            f"nothing like that in the audit log of tenant {options.tenant}",
        )
    return 0


def _chosen(options: argparse.Namespace, snapshot: Snapshot) -> Filter:
    number = None
    if options.organization is not None:
        number = organization_of(snapshot, options.tenant, options.organization).number
    span = span_of(options.start, options.end)
    return Filter(number, options.action, options.key, *span)


def _cells(it: ShownAct) -> tuple[str | None, ...]:
    return (
        f"{it.at:%Y-%m-%d %H:%M:%S}",
        it.key_prefix,
        it.address,
        it.action,
        it.object,
        it.organization_id,
        ", ".join(f"{name}: {_text(value)}" for name, value in it.details.items() if value),
    )


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
