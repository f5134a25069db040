"""tollbook quarantine: list and replay events that are stored but not charged."""

import click

from tollbook.api.endpoints.quarantine import QuarantinedEvent, quarantine_causes, quarantined_event
from tollbook.cli.choices import command_line, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_result, print_rows
from tollbook.cli.parameters import EVENTS
from tollbook.domain.errors import NotFound
from tollbook.ingest.quarantine import replay
from tollbook.settings import Settings
from tollbook.store import directory, quarantine
from tollbook.store.database import Snapshot
from tollbook.wiring import directory_cache_of, open_migrated

_USUAL_LIMIT = 100


verb = VerbGroup()
_organization = click.option("--organization", help="Only events of this organization.")


@verb.command("list")
@click.option("--limit", type=EVENTS, default=_USUAL_LIMIT, help="The most events to list.")
@click.option("--code", help="Only events with this reason, such as no_price.")
@_organization
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """Count events by reason, then list them."""
    tenant = options.tenant
    with open_migrated(settings).reading() as snapshot:
        number = _number(snapshot, options)
        start, most = quarantine.FROM_THE_START, options.limit + 1
        found = quarantine.waiting(snapshot, tenant, number, start, most, options.code)
        causes = [] if options.json else quarantine_causes(snapshot, tenant, number)
    events = [quarantined_event(it) for it in found[: options.limit]]
    if options.json:
        print_json(events)
        return 0
    if causes:
        counts = ((f"{it.events:,}", it.code, it.example.reason) for it in causes)
        print_rows(("Events", "Code", "Example"), counts, "")
    print_rows(
        ("Organization", "Event", "Received", "Code", "Reason"),
        map(_cells, events),
        f"no event has the code {options.code}" if causes else "no events are in quarantine",
    )
    if len(found) > options.limit:
        print_line(f"there are more than {options.limit:,} events; --limit shows more")
    return 0


def _cells(event: QuarantinedEvent) -> tuple[str, ...]:
    received_at = f"{event.received_at:%Y-%m-%d %H:%M:%S}"
    return event.organization_id, event.id, received_at, event.code, event.reason


@verb.command("replay")
@_organization
@shared_options
def _replay(options: Options, settings: Settings) -> int:
    """Charge all events that now have a price and an organization."""
    database = open_migrated(settings)
    with database.reading() as snapshot:
        number = _number(snapshot, options)
    directory_cache = directory_cache_of(settings, database)
    result = replay(database, directory_cache, command_line(options.tenant), number)
    sentence = f"{result.released:,} released, {result.remaining:,} remaining"
    print_result(result, sentence, json=options.json)
    return 0


def _number(snapshot: Snapshot, options: Options) -> int | None:
    """Return the number of the named organization, which may be one that only events have named."""
    if directory.find_tenant(snapshot, options.tenant) is None:
        raise NotFound(f"there is no tenant {options.tenant}")
    if options.organization is None:
        return None
    return organization_of(snapshot, options.tenant, options.organization, created=False).number
