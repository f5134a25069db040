"""tollbook prices diff: what changes from one version of a price book to another."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import click

from tollbook.administration.price_books import find_book
from tollbook.cli.choices import shared_options
from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import VERSION, whole
from tollbook.domain.prices import Pricing, conditions_of, describe_conditions
from tollbook.rating.books.compare import Change, RateDifference, differences
from tollbook.rating.books.vocabulary import format_hours
from tollbook.settings import Settings
from tollbook.store import prices
from tollbook.wiring import open_migrated


@click.command("diff", cls=Command)
@click.argument("old", type=VERSION, help="The version to compare with.")
@click.argument("new", type=VERSION, help="The version to compare.")
@click.option(
    "--limit",
    type=whole("number of rates"),
    default=100,
    help="The most rates in the table; --json shows all.",
)
@shared_options
def diff(options: Options, settings: Settings) -> int:
    """Compare two versions."""
    with open_migrated(settings).reading() as snapshot:
        old, new = (
            prices.read_price_book(
                snapshot, options.tenant, find_book(snapshot, options.tenant, version)
            )
            for version in (options.old, options.new)
        )
    found = differences(old, new)
    if options.json:
        print_json(
            {
                "old": options.old,
                "new": options.new,
                "counts": _counts(found),
                "differences": [_to_json(it) for it in found],
            }
        )
        return 0
    _print_counts(found, options)
    if found:
        print_rows(
            ("Change", "Meter", "For", "Old", "New", "Percent"),
            (_cells(it) for it in islice(found, options.limit)),
            "",
        )
    if len(found) > options.limit:
        print_line(f"and {len(found) - options.limit:,} more; --limit or --json shows them")
    return 0


def _print_counts(found: Sequence[RateDifference], options: Options) -> None:
    meters = sorted({it.rate.meter for it in found})
    counts = Counter((it.rate.meter, it.change) for it in found)
    print_rows(
        ("Meter", *(change.value.capitalize() for change in Change)),
        ((meter, *(f"{counts[meter, change]:,}" for change in Change)) for meter in meters),
        f"no rate is different in versions {options.old} and {options.new}",
    )


def _counts(found: Iterable[RateDifference]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for it in found:
        of_meter = counts.setdefault(it.rate.meter, {change.value: 0 for change in Change})
        of_meter[it.change.value] += 1
    return counts


def _to_json(it: RateDifference) -> dict[str, object]:
    return {
        "change": it.change.value,
        "meter": it.rate.meter,
        "when": conditions_of(it.rate),
        **({"destination": it.rate.destination} if it.rate.destination else {}),
        "hours": list(format_hours(it.rate.hours)),
        "old": _price(it.old),
        "new": _price(it.new),
        "percent": None if it.percent is None else it.percent / 100,
    }


def _price(pricing: Pricing | None) -> dict[str, str | None] | None:
    return None if pricing is None else {"price": pricing.price, "per": pricing.per}


def _cells(it: RateDifference) -> tuple[str, ...]:
    conditions = describe_conditions(it.rate, "=")
    return (
        it.change.value,
        it.rate.meter,
        ", ".join([*conditions, *format_hours(it.rate.hours)]),
        _format_price(it.old),
        _format_price(it.new),
        "" if it.percent is None else f"{it.percent / 100:+.2f}%",
    )


def _format_price(pricing: Pricing | None) -> str:
    if pricing is None:
        return ""
    return f"{pricing.price or 'markup'} / {pricing.per}" if pricing.per else pricing.price or ""
