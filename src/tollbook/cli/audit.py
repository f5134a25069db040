"""tollbook audit: who did what to what, with which key, from where."""

import argparse

from tollbook.api.audit_log import ShownAct, shown_act, span_of
from tollbook.cli.choices import add_tenant_option, day, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.settings import Settings
from tollbook.store import audit
from tollbook.store.audit import Filter
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
    parser.add_argument("--limit", type=int, default=_LIMIT, help=f"the most (default: {_LIMIT})")
    add_tenant_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        number = None
        if options.organization is not None:
            number = organization_of(snapshot, options.tenant, options.organization).number
        span = span_of(options.start, options.end)
        chosen = Filter(number, options.action, options.key, *span)
        found = audit.acts(snapshot, options.tenant, chosen, limit=max(0, options.limit))
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
