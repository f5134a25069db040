"""tollbook prices: load, list, show, compare and publish price books."""

from collections.abc import Callable, Sequence

import click
import msgspec

from tollbook.administration.book_preview import preview_book
from tollbook.administration.book_report import (
    BookReport,
    LoadReport,
    book_report,
    load_report,
)
from tollbook.administration.price_books import (
    books_of,
    example_book,
    find_book,
    load_book,
    publish_book,
)
from tollbook.administration.tenants import ensure_tenant
from tollbook.cli import price_diff, rerating
from tollbook.cli.choices import command_line, named_organization, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.deck_options import deck_options
from tollbook.cli.output import print_error, print_json, print_line, print_result, print_rows
from tollbook.cli.parameters import DAY, PATH, VERSION, whole
from tollbook.cli.price_files import ReadBook, Report, progress, read_book, rows_of
from tollbook.cli.price_preview import later_lines, print_preview
from tollbook.domain.books import BookStatus, ShownBook, show_book
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.lost_prices import LostPrices
from tollbook.domain.periods import day_number
from tollbook.domain.prices import RULES, Rate, describe_conditions
from tollbook.rating.books.deck_report import NOTE
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.starting_later import find_later_rates
from tollbook.rating.books.unreachable import CoveredBy, unreachable_rates
from tollbook.rating.books.vocabulary import format_hours
from tollbook.settings import Settings
from tollbook.store import prices
from tollbook.store.database import Database
from tollbook.store.meters import read_catalog
from tollbook.wiring import now, open_migrated

_MOST_IN_A_TABLE = 1_000


verb = VerbGroup()
verb.add_command(price_diff.diff)
verb.add_command(rerating.rerate)


@verb.command("load")
@click.argument("file", type=PATH, required=False, help="A book in YAML or a deck in CSV.")
@click.option("--example", is_flag=True, help="Load the example prices instead of a file.")
@click.option("--draft", is_flag=True, help="Price nothing until the book is published.")
@click.option("--dry-run", is_flag=True, help="Print what was understood, and load nothing.")
@deck_options
@click.option("--organization", show_default="the tenant", help="The organization of the book.")
@shared_options
def _load(options: Options, settings: Settings) -> int:
    """Load a book or a deck as the next version.

    A file with errors is refused whole, and every error is listed.
    """
    if options.dry_run:
        return _preview(options, settings)
    database = open_migrated(settings)
    with progress() as step:
        read = _read(options, step, _catalog(database, options))
        book = read.book
        count = len(book.rates) + sum(len(deck.prefixes) for deck in book.decks)
        unreachable, later = unreachable_rates(book), find_later_rates(book)
        report = step("storing", count)
        actor = command_line(options.tenant)
        with database.writing() as transaction:
            ensure_tenant(transaction, actor)
            organization = named_organization(transaction, options)
            head = load_book(
                transaction, actor, book, organization, draft=options.draft, progress=report
            )
            loaded = load_report(transaction, options.tenant, head, actor.at, unreachable, later)
    draft = ", a draft" if options.draft else ""
    version = loaded.price_book.version
    sentence = f"{book.name}: {head.rates:,} rates loaded as version {version}{draft}"
    code = _show_report(options, loaded, sentence)
    if not options.json:
        _warn_of_unreachable(loaded)
        for line in later_lines(loaded.starts_later, loaded.starts_later_count):
            print_error(line)
        _note_skipped(read)
    return code


def _preview(options: Options, settings: Settings) -> int:
    """Print what a load would do, and what it would change."""
    database = open_migrated(settings)
    with progress() as step:
        read = _read(options, step, _catalog(database, options))
    with database.reading() as snapshot:
        organization = named_organization(snapshot, options)
        preview = preview_book(snapshot, options.tenant, read.book, read.decks, organization)
    print_preview(preview, json=options.json)
    return 0


def _note_skipped(read: ReadBook) -> None:
    """Print how many rows of decks are not priced, by reason."""
    for deck in read.decks:
        file = f"{deck.file}: " if deck.file else ""
        for reason, count in deck.skipped.items():
            if reason != NOTE:
                rows = "row is" if count == 1 else "rows are"
                print_error(f"{file}{count:,} {rows} not priced: {reason}")


def _catalog(database: Database, options: Options) -> Catalog:
    with database.reading() as snapshot:
        return read_catalog(snapshot, options.tenant)


def _read(
    options: Options, step: Callable[[str, int | None], Report], catalog: Catalog
) -> ReadBook:
    if options.example == (options.file is not None):
        raise InvalidRequest("a FILE or --example is required, and not both")
    if options.example:
        return ReadBook(example_book())
    return read_book(options, step("reading", rows_of(options.file)), catalog)


@verb.command("publish")
@click.argument("version", type=VERSION, help="The version of the draft.")
@click.option(
    "--effective-from", type=DAY, show_default="that of the book", help="The first day in force."
)
@shared_options
def _publish(options: Options, settings: Settings) -> int:
    """Publish a draft, which can no longer change after that."""
    day = None if options.effective_from is None else day_number(options.effective_from)
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        head = publish_book(transaction, actor, options.version, day)
        report = book_report(transaction, options.tenant, head, actor.at)
    book = report.price_book
    sentence = f"{book.name}: version {book.version} is published from {book.effective_from} on"
    return _show_report(options, report, sentence)


def _show_report(options: Options, report: BookReport, sentence: str) -> int:
    fields = msgspec.structs.asdict(report)
    answer = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    book = msgspec.to_builtins(answer.pop("price_book"))
    print_result({**book, **answer}, sentence, json=options.json)
    if not options.json:
        _warn(report.price_book, report.lost_prices)
        _warn_of_losses(report)
        if report.retired_meters:
            print_error(f"has rates for retired meters: {', '.join(report.retired_meters)}")
    return 0


_SHOWN_LOSSES = 20


def _warn_of_losses(report: BookReport) -> None:
    """Print the rates that sell below their buy price."""
    for it in report.below_buy[:_SHOWN_LOSSES]:
        prefixes = ((word, text) for word, text in (("to", it.to), ("from", it.from_)) if text)
        words = [it.meter, *(f"{word} {text}" for word, text in prefixes)]
        if it.conditions:
            words.append(it.conditions)
        tier = f", tier {it.tier}" if it.tier else ""
        quantity, cost, buy = (bytes(n).decode() for n in (it.quantity, it.cost, it.buy_cost))
        print_error(
            f"below its buy price: {'; '.join(words)}{tier}: {quantity} for {cost}, bought for "
            f"{buy}"
        )
    more = report.below_buy_count - min(len(report.below_buy), _SHOWN_LOSSES)
    if more:
        print_error(f"below their buy price: {more:,} more rates")
    if report.without_buy_count:
        print_error(f"without a buy price: {report.without_buy_count:,} rates")


def _warn(book: ShownBook, losses: Sequence[LostPrices]) -> None:
    """Print the meters that lose their price with a book, by currency and organizations."""
    once = ", once it is published" if book.status is BookStatus.DRAFT else ""
    for it in losses:
        more = it.organizations_count - len(it.organizations)
        names = ", ".join(it.organizations) + (f" and {more:,} more" if more else "")
        whose = f" ({it.currency}: {names})" if names else ""
        meters = ", ".join(it.meters)
        print_error(f"no longer priced from {book.effective_from}{once}: {meters}{whose}")


_COVERED_BY = {
    CoveredBy.PREFIXES: "longer prefixes have all of its numbers",
    CoveredBy.COUNTRY: "prefixes have all numbers of the country",
    CoveredBy.HOURS: "rates with hours have all of its hours",
}


def _warn_of_unreachable(report: LoadReport) -> None:
    """Print the rates of a book that no event can reach."""
    for it in report.unreachable_rates:
        print_error(f"no event can reach: {it.rate}: {_COVERED_BY[it.covered_by]}")
    more = report.unreachable_rates_count - len(report.unreachable_rates)
    if more:
        print_error(f"no event can reach {more:,} more rates")


@verb.command("list")
@click.option("--organization", help="Only books of this organization.")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List price books."""
    with open_migrated(settings).reading() as snapshot:
        organization = named_organization(snapshot, options)
        books = [
            show_book(it)
            for it in books_of(snapshot, options.tenant, now())
            if organization is None or it.head.organization == organization.number
        ]
    if options.json:
        print_json(books)
        return 0
    print_rows(
        (
            *("Version", "Name", "Organization", "Currency", "Status"),
            *("From", "Until", "Rates", "Rules", "Source"),
        ),
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
                str(it.rules),
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
        books = {it.head.version: it for it in books_of(snapshot, tenant, now())}
        version = max(books, default=0) if options.version is None else options.version
        head = find_book(snapshot, tenant, version)
        limit = options.limit or (head.rates if options.json else _MOST_IN_A_TABLE)
        rates = prices.price_book_rates(snapshot, tenant, head, 0, limit)
    book = show_book(books[version])
    if options.json:
        print_json({**msgspec.to_builtins(book), "rates": [show_rate(rate) for rate in rates]})
        return 0
    rules = "" if book.rules == RULES else f", rules {book.rules}"
    head_line = f"{book.name}, version {version}, {book.currency}, {book.status}, {book.source}"
    print_line(head_line + rules)
    print_rows(("Meter", "Price", "Per", "When", "Other"), map(_cells, rates), "no rates")
    if head.rates > len(rates):
        print_line(f"and {head.rates - len(rates):,} more; --limit or --json shows them")
    return 0


def _cells(rate: Rate) -> tuple[str, ...]:
    shown = show_rate(rate)
    conditions = describe_conditions(rate, "=")
    days = [
        f"{word} {day}"
        for word, day in (("from", shown.valid_from), ("until", shown.valid_until))
        if day
    ]
    when = ", ".join([*conditions, *format_hours(rate.hours), *days])
    return rate.meter, rate.pricing.price or "", rate.pricing.per, when, _other(shown)


def _other(rate: ShownRate) -> str:
    """Return the other fields of a rate in a line, under their names in a book."""
    known = {"rate_id", "meter", "price", "per", "to", "from", "destination", "when", "hours"}
    rest = {
        name: value
        for name, value in msgspec.to_builtins(rate).items()
        if name not in known and not name.startswith("valid_")
    }
    return ", ".join(
        f"{name} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in rest.items()
    )
