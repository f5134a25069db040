"""tollbook notifications: what was notified, and whether it arrived."""

import click

from tollbook.api.endpoints.notification_answers import shown_notifications
from tollbook.cli.choices import named_organization, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_rows
from tollbook.cli.parameters import whole
from tollbook.domain.notifications import NotificationType
from tollbook.settings import Settings
from tollbook.store.notification_list import NEWEST, NotificationFilter, list_notifications
from tollbook.wiring import open_migrated

verb = VerbGroup()


@verb.command("list")
@click.option("--organization", help="Only those about this organization.")
@click.option(
    "--type", "type", type=click.Choice([it.value for it in NotificationType]), help="The type."
)
@click.option("--limit", type=whole("number", 1, 1_000), default=100, help="The most to list.")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List what was notified, newest first."""
    with open_migrated(settings).reading() as snapshot:
        organization = named_organization(snapshot, options)
        number = None if organization is None else organization.number
        only = NotificationFilter(organization=number, type=options.type)
        tenant = options.tenant
        found = list_notifications(snapshot, tenant, only, NEWEST, options.limit)
        shown = shown_notifications(snapshot, tenant, found, may_see_endpoints=True)
    if options.json:
        print_json(shown)
    else:
        rows = (
            (it.timestamp.isoformat(), it.type, it.id, str(it.delivered), str(it.pending))
            for it in shown
        )
        headers = ("Time", "Type", "Id", "Delivered", "Pending")
        print_rows(headers, rows, "nothing was notified yet")
    return 0
