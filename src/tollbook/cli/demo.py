"""tollbook demo: two platforms with usage, through the ordinary ingest; safe to repeat."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import click
import msgspec
from rich.console import Console

from tollbook.administration.keys import NewKey, create_key
from tollbook.administration.origins import add_origin
from tollbook.administration.price_books import example_book, load_book
from tollbook.administration.tenants import ensure_tenant
from tollbook.cli import demo_platform as atlas
from tollbook.cli.choices import command_line, json_option, organization_of
from tollbook.cli.command import Command, Options
from tollbook.cli.demo_data import (
    ACME,
    ACME_USERS,
    HARBOR,
    HARBOR_USERS,
    WireEvent,
    acme_events,
    harbor_events,
)
from tollbook.cli.importer import Importer
from tollbook.cli.output import print_json, print_lines
from tollbook.cli.parameters import PATH
from tollbook.domain.directory import Organization, User
from tollbook.domain.events import instant_of
from tollbook.domain.keys import KeyScope, Permission, matches, prefix_of
from tollbook.domain.receipts import Outcome
from tollbook.settings import Settings, variable
from tollbook.store import directory, keys
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.wiring import directory_cache_of, now, open_migrated

TENANT = "demo"
CUSTOMERS = (ACME, HARBOR)
_BATCH = 5_000
_DATABASE_URL = "sqlite:///tollbook-demo.db"
"""Of its own, so that nobody's platform begins inside the demo."""
_KEYS = "tollbook-demo.json"
_ALL = (Permission.ADMIN,)
_READ = (Permission.READ_ANALYTICS,)

_JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
_EXAMPLE = f"organization_id={ACME.id}&{_JANUARY}"

Keys = dict[str, str]

SCOPES = {
    "tenant": (KeyScope(TENANT), _ALL),
    "acme": (KeyScope(TENANT, ACME.id), _READ),
    "harbor": (KeyScope(TENANT, HARBOR.id), _READ),
    "acme_user_123": (KeyScope(TENANT, ACME.id, "user_123"), _READ),
    "atlas": (KeyScope(atlas.TENANT), _ALL),
}
"""The demo's keys: of the tenant, of each organization, of one user, and of the second tenant."""


@click.command(cls=Command)
@click.option(
    "--keys",
    type=PATH,
    show_default=f"{_KEYS} in the folder of the database",
    help="The file that keeps the keys for the next run.",
)
@click.option("--address", default="http://127.0.0.1:8000", help="The address to print.")
@click.option(
    "--host-page",
    metavar="ORIGIN",
    help="Register the origin of the page that `tollbook demo-host` serves, and print it.",
)
@json_option
def verb(options: Options, settings: Settings) -> int:
    """Fill a database of its own, tollbook-demo.db, with demo data; safe to repeat.

    With TOLLBOOK_DATABASE_URL, the data goes into that database.
    """
    settings = demo_settings(settings)
    database = open_migrated(settings)
    with database.writing() as transaction:
        if ensure_tenant(transaction, command_line(TENANT), "Demo"):
            load_book(transaction, command_line(TENANT), example_book())
        for organization, users in ((ACME, ACME_USERS), (HARBOR, HARBOR_USERS)):
            _ensure_organization(transaction, TENANT, organization, users)
        _ensure_atlas(transaction)
        if options.host_page:
            add_origin(transaction, command_line(TENANT), options.host_page)
    made = _ensure_keys(database, options.keys or _beside(database))
    counts: Counter[Outcome] = Counter()
    refused: list[str] = []
    with Console(stderr=True).status("writing demo events"):
        for tenant, events in (
            (TENANT, acme_events()),
            (TENANT, harbor_events(instant_of(now()))),
            (atlas.TENANT, atlas.events()),
        ):
            importer = Importer(database, directory_cache_of(settings, database), KeyScope(tenant))
            for batch in _batches(events):
                importer.store([(n, msgspec.json.encode(event)) for n, event in enumerate(batch)])
            counts += importer.counts
            refused += importer.refused
    if options.json:
        organizations = [ACME.id, HARBOR.id]
        print_json(
            {"tenant": TENANT, "organizations": organizations, "keys": made, "counts": counts}
        )
    else:
        print_lines(_welcome(options, made).split("\n"))
    return 1 if refused else 0


def demo_settings(settings: Settings) -> Settings:
    """Return settings with the database of the demo, unless they name one."""
    if os.environ.get(variable("database_url")):
        return settings
    return msgspec.structs.replace(settings, database_url=_DATABASE_URL)


def read_demo_keys(settings: Settings, path: Path | None) -> Keys:
    """Return the keys of the demo from their file; empty when there is none."""
    return _read_keys(path or _beside(open_migrated(settings)))


def _ensure_atlas(transaction: Transaction) -> None:
    actor = command_line(atlas.TENANT)
    if ensure_tenant(transaction, actor, atlas.NAME):
        load_book(transaction, actor, atlas.prices())
    for organization, users in atlas.customers():
        _ensure_organization(transaction, atlas.TENANT, organization, users)


def _ensure_organization(
    transaction: Transaction, tenant: str, organization: Organization, users: Iterable[User]
) -> None:
    if not directory.add_organization(transaction, tenant, organization, now()):
        return
    row = directory.find_organization(transaction, tenant, organization.id)
    for user in users:
        directory.add_user(transaction, row.number if row else 0, user, now())


def _ensure_keys(database: Database, path: Path) -> Keys:
    """Return the keys of an earlier run while they are valid, else create and keep new ones."""
    kept = _read_keys(path)
    made: Keys = {}
    with database.writing() as transaction:
        for name, (scope, permissions) in SCOPES.items():
            made[name] = kept.get(name, "")
            if not _holds(transaction, made[name], scope):
                new = NewKey(f"demo {name}", [*permissions], scope.organization_id, scope.user_id)
                _, made[name] = create_key(
                    transaction,
                    command_line(scope.tenant_id),
                    new,
                    partial(organization_of, transaction, scope.tenant_id),
                    creator=None,
                )
    if made != kept:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(made)))
    return made


def _beside(database: Database) -> Path:
    """Keep keys in the folder of a database file, else in the current one."""
    return (database.engine.folder or Path()) / _KEYS


def _read_keys(path: Path) -> Keys:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except (OSError, msgspec.DecodeError):
        return {}


def _holds(snapshot: Snapshot, text: str, scope: KeyScope) -> bool:
    prefix = prefix_of(text)
    key = keys.find_key(snapshot, prefix) if prefix else None
    return bool(key and key.revoked_at is None and key.scope == scope and matches(text, key.hash))


def _batches(events: Iterable[WireEvent]) -> Iterator[list[WireEvent]]:
    iterator = iter(events)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _welcome(options: Options, made: Keys) -> str:
    address, key, atlas_key = options.address, made["tenant"], made["atlas"]
    embedded = f"  Embedded  {options.host_page}/\n" if options.host_page else ""
    return f"""
  Page      {address}/
{embedded}  API key   {key}
  API       {address}/docs

  Usage and cost by user:

  curl '{address}/v1/analytics/users?{_EXAMPLE}' \\
    -H 'X-API-Key: {key}'

  For a larger data set, try organization_id=org_harbor, by default the last 30 days.
  A second platform has five organizations: /v1/analytics/overview?{_JANUARY} with {atlas_key}
"""
