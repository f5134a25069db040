"""tollbook prices: load and show price books."""

import argparse
from pathlib import Path

import msgspec

from tollbook.cli.choices import add_tenant_option
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.domain.errors import NotFound, PriceBookRefused
from tollbook.domain.periods import day_of
from tollbook.domain.prices import PriceBook, conditions_of
from tollbook.rating.book_yaml import parse_price_book
from tollbook.settings import Settings
from tollbook.store import prices
from tollbook.wiring import ensure_tenant, now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("prices", help="load, list and show price books").add_subparsers(
        metavar="ACTION", required=True
    )
    load = nouns.add_parser("load", help="load a book as the next version, or refuse it whole")
    load.add_argument("file", type=Path)
    show = nouns.add_parser("show", help="show a book's rates")
    show.add_argument("version", type=int, nargs="?", help="default: the latest")
    listing = nouns.add_parser("list", help="list price books")
    for parser, run in ((load, _load), (show, _show), (listing, _list)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _load(options: argparse.Namespace, settings: Settings) -> int:
    try:
        text = options.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceBookRefused(f"cannot read {options.file}: {error}") from error
    book = parse_price_book(text)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        version = prices.add_price_book(transaction, options.tenant, book, now())
    if options.json:
        print_json({"version": version, "rates": len(book.rates)})
    else:
        print(f"{book.name}: {len(book.rates)} rates loaded as version {version}")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    books = _books(options, settings)
    if options.json:
        print_json([_summary(book) for book in books])
    else:
        print_rows(
            ("Version", "Name", "Currency", "Effective from", "Rates", "Source"),
            ([str(cell) for cell in _summary(book).values()] for book in books),
            f"tenant {options.tenant} has no price book yet",
        )
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    books = {book.version: book for book in _books(options, settings)}
    version = max(books, default=0) if options.version is None else options.version
    if version not in books:
        raise NotFound(f"tenant {options.tenant} has no price book version {version}")
    book = books[version]
    if options.json:
        print_json(
            {
                **_summary(book),
                "rates": [
                    {
                        "meter": it.meter,
                        "price": it.pricing.price,
                        "per": it.pricing.per,
                        "when": conditions_of(it),
                    }
                    for it in book.rates
                ],
            }
        )
    else:
        print(f"{book.name}, version {version}, {book.currency}, {book.source}")
        print_rows(
            ("Meter", "Price", "Per", "When"),
            (
                (
                    it.meter,
                    it.pricing.price or "",
                    it.pricing.per,
                    ", ".join(f"{name}={value}" for name, value in conditions_of(it).items()),
                )
                for it in book.rates
            ),
            "no rates",
        )
    return 0


def _books(options: argparse.Namespace, settings: Settings) -> list[PriceBook]:
    with open_migrated(settings).reading() as snapshot:
        tenant = options.tenant
        heads = prices.price_book_heads(snapshot, tenant)
        return [
            msgspec.structs.replace(
                prices.read_price_book(snapshot, tenant, head),
                rates=tuple(prices.price_book_rates(snapshot, tenant, head, 0, head.rates)),
            )
            for head in heads
        ]


def _summary(book: PriceBook) -> dict[str, object]:
    return {
        "version": book.version,
        "name": book.name,
        "currency": book.currency,
        "effective_from": day_of(book.effective_from).isoformat(),
        "rates": len(book.rates),
        "source": book.source,
    }
