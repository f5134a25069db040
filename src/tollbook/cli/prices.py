"""tollbook prices: load, list, show, compare and publish price books."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from tollbook.cli import price_diff, rerating
from tollbook.cli.choices import command_line, named_organization, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import (
    print_error,
    print_json,
    print_line,
    print_rows,
)
from tollbook.cli.parameters import DAY, PATH, VERSION, whole
from tollbook.cli.price_files import deck_options, progress, read_book, rows_of
from tollbook.domain.books import BookHead, BookStatus, Listed, ShownBook, listed, shown
from tollbook.domain.events import instant_of
from tollbook.domain.periods import day_number
from tollbook.domain.prices import Rate, conditions_of
from tollbook.ingest.books import (
    LostPrices,
    book_of,
    load_book,
    lost_prices,
    no_longer_priced,
    publish_book,
)
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.vocabulary import format_hours
from tollbook.settings import Settings
from tollbook.store import prices
from tollbook.store.database import Snapshot
from tollbook.wiring import ensure_tenant, now, open_migrated

_MOST_IN_A_TABLE = 1_000


verb = VerbGroup()
verb.add_command(price_diff.diff)
verb.add_command(rerating.rerate)


@verb.command("load")
@click.argument("file", type=PATH, help="A book (YAML) or a deck (CSV).")
@click.option("--draft", is_flag=True, help="Price nothing until the book is published.")
@deck_options
@click.option("--organization", show_default="the tenant", help="The organization of the book.")
@shared_options
def _load(options: Options, settings: Settings) -> int:
    """Load a book or a deck as the next version.

    A file with errors is refused as a whole, with all of its errors.
    """
    with progress() as step:
        book = read_book(options, step("reading", rows_of(options.file)))
        count = len(book.rates) + sum(len(deck.prefixes) for deck in book.decks)
        report = step("storing", count)
        with open_migrated(settings).writing() as transaction:
            ensure_tenant(transaction, options.tenant, options.tenant)
            organization = named_organization(transaction, options)
            head = load_book(
                transaction,
                command_line(options.tenant),
                book,
                organization,
                draft=options.draft,
                progress=report,
            )
            told = _told(transaction, options.tenant, head)
            lost = no_longer_priced(transaction, options.tenant, head)
            losses = lost_prices(transaction, options.tenant, head)
    if options.json:
        print_json(_json(told, lost, losses))
    else:
        what = f"{book.name}: {told.rates:,} rates loaded as version {told.version}"
        print_line(f"{what}, a draft" if options.draft else what)
        _warn(told, losses)
    return 0


@verb.command("publish")
@click.argument("version", type=VERSION, help="The version of the draft.")
@click.option(
    "--effective-from", type=DAY, show_default="that of the book", help="The first day in force."
)
@shared_options
def _publish(options: Options, settings: Settings) -> int:
    """Publish a draft, which can never change again."""
    day = None if options.effective_from is None else day_number(options.effective_from)
    with open_migrated(settings).writing() as transaction:
        head = publish_book(transaction, command_line(options.tenant), options.version, day)
        told = _told(transaction, options.tenant, head)
        lost = no_longer_priced(transaction, options.tenant, head)
        losses = lost_prices(transaction, options.tenant, head)
    if options.json:
        print_json(_json(told, lost, losses))
    else:
        print_line(
            f"{told.name}: version {told.version} is published from {told.effective_from} on"
        )
        _warn(told, losses)
    return 0


def _json(book: ShownBook, lost: Sequence[str], losses: Sequence[LostPrices]) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(book),
        "no_longer_priced": lost,
        "lost_prices": msgspec.to_builtins(losses),
    }


def _warn(book: ShownBook, losses: Sequence[LostPrices]) -> None:
    """Print which organizations and meters lose their price with a book, by currency."""
    once = ", once it is published" if book.status is BookStatus.DRAFT else ""
    for it in losses:
        more = it.organizations_count - len(it.organizations)
        names = ", ".join(it.organizations) + (f" and {more:,} more" if more else "")
        whose = f" ({it.currency}: {names})" if names else ""
        meters = ", ".join(it.meters)
        print_error(f"no longer priced from {book.effective_from}{once}: {meters}{whose}")


@verb.command("list")
@click.option("--organization", help="Only books of this organization.")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List price books."""
    with open_migrated(settings).reading() as snapshot:
        organization = named_organization(snapshot, options)
        books = [
            shown(it)
            for it in _standing(snapshot, options.tenant)
            if organization is None or it.head.organization == organization.number
        ]
    if options.json:
        print_json(books)
        return 0
    print_rows(
        ("Version", "Name", "Of", "Currency", "Status", "From", "Until", "Rates", "Source"),
        (
            (
                str(it.version),
                it.name,
                it.organization_id or "",
                it.currency,
                it.status.value,
                it.effective_from,
                it.effective_until or "",
                f"{it.rates:,}",
                it.source,
            )
            for it in books
        ),
        f"tenant {options.tenant} has no price book yet",
    )
    return 0


@verb.command("show")
@click.argument("version", type=VERSION, required=False, help="The version (default: the latest).")
@click.option(
    "--limit",
    type=whole("number of rates", 1),
    show_default=f"{_MOST_IN_A_TABLE:,}; no limit with --json",
    help="The most rates to show.",
)
@shared_options
def _show(options: Options, settings: Settings) -> int:
    """Show the rates of a price book."""
    tenant = options.tenant
    with open_migrated(settings).reading() as snapshot:
        version = options.version
        if version is None:
            heads = prices.price_book_heads(snapshot, tenant)
            version = heads[-1].version if heads else 0
        head = book_of(snapshot, tenant, version)
        limit = options.limit or (head.rates if options.json else _MOST_IN_A_TABLE)
        rates = prices.price_book_rates(snapshot, tenant, head, 0, limit)
        told = _told(snapshot, tenant, head)
    if options.json:
        print_json({**msgspec.to_builtins(told), "rates": [show_rate(rate) for rate in rates]})
        return 0
    print_line(
        f"{told.name}, version {version}, {told.currency}, {told.status.value}, {told.source}"
    )
    print_rows(("Meter", "Price", "Per", "When", "Besides"), map(_cells, rates), "no rates")
    if head.rates > len(rates):
        print_line(f"and {head.rates - len(rates):,} more; --limit or --json shows them")
    return 0


def _cells(rate: Rate) -> tuple[str, ...]:
    told = show_rate(rate)
    conditions = [f"{name}={value}" for name, value in conditions_of(rate).items()]
    days = [
        f"{word} {day}"
        for word, day in (("from", told.valid_from), ("until", told.valid_until))
        if day
    ]
    when = ", ".join([*conditions, *format_hours(rate.hours), *days])
    return rate.meter, rate.pricing.price or "", rate.pricing.per, when, _besides(told)


def _besides(told: ShownRate) -> str:
    """Put the rest of a rate in a line, each part by its name in a book."""
    known = {"rate_id", "meter", "price", "per", "to", "from", "when", "hours"}
    rest = {
        name: value
        for name, value in msgspec.to_builtins(told).items()
        if name not in known and not name.startswith("valid_")
    }
    return ", ".join(
        f"{name} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in rest.items()
    )


def _standing(snapshot: Snapshot, tenant: str) -> Sequence[Listed]:
    return listed(prices.price_book_heads(snapshot, tenant), day_number(instant_of(now())))


def _told(snapshot: Snapshot, tenant: str, head: BookHead) -> ShownBook:
    (found,) = (it for it in _standing(snapshot, tenant) if it.head.version == head.version)
    return shown(found)
