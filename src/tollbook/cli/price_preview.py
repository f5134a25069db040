"""tollbook prices load --dry-run: what was understood of a price list, in text."""

from collections.abc import Iterator

import msgspec

from tollbook.administration.book_preview import BookPreview, ShownDifference
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.starting_later import LaterRate

_MOST_COUNTS = 10
_MOST_LATER = 10


def print_preview(preview: BookPreview, *, json: bool) -> None:
    """Print what a book would be, and what it would change."""
    if json:
        print_json(msgspec.to_builtins(preview))
        return
    print_line(
        f"{preview.name}: {preview.rates:,} rates for {preview.prefixes:,} prefixes, in "
        f"{preview.currency}, from {preview.effective_from}; nothing was loaded"
    )
    for deck in preview.decks:
        for line in _deck_lines(deck):
            print_line(line)
    print_line(f"first days: {_counts(preview.days, 'that of the book')}")
    print_line(f"increments: {_counts(preview.increments, 'none')}")
    print_line("highest prices:")
    print_rows(
        ("Meter", "Prefix", "Destination", "Price", "Per"),
        (_price_cells(it) for it in preview.highest_prices),
        "none",
    )
    for line in later_lines(preview.starts_later, preview.starts_later_count):
        print_line(line)
    _print_differences(preview)


def later_lines(first: list[LaterRate], number: int) -> Iterator[str]:
    """Yield a line for each of the first codes that start later than their book."""
    for it in first[:_MOST_LATER]:
        until = f"prefix {it.until_then} applies" if it.until_then else "no shorter prefix applies"
        name = f" ({it.destination})" if it.destination else ""
        code = it.to or f"from {it.from_}"
        yield f"{code}{name} starts on {it.valid_from}: until then {until}"
    if number > _MOST_LATER:
        yield f"{number - _MOST_LATER:,} more codes start later than the book"


def _deck_lines(deck: DeckReport) -> Iterator[str]:
    name = f"{deck.file}: " if deck.file else ""
    where = f"header on line {deck.header_line}" if deck.header_line else "no header"
    columns = ", ".join(f"{field} = {header}" for field, header in deck.columns.items())
    yield f"{name}{where}; columns: {columns}"
    if deck.ignored:
        yield f"{name}columns that are not read: {', '.join(deck.ignored)}"
    counts = {
        "identical rows": deck.identical,
        "rows with other cells than the header": deck.short,
        "prices that a later one ends": deck.ended,
        "hidden rows": deck.hidden,
    }
    known = "".join(f"; {count:,} {what}" for what, count in counts.items() if count)
    yield f"{name}{deck.rows:,} rows, {deck.rates:,} rates{known}"
    for reason, count in deck.skipped.items():
        lines = [f"{it.line}" for it in deck.skipped_rows if it.reason == reason]
        more = ", …" if count > len(lines) else ""
        where = "line" if count == 1 else "lines"
        yield f"{name}{count:,} skipped, {reason}: {where} {', '.join(lines)}{more}"


def _counts(counts: dict[str, int], empty: str) -> str:
    shown = [f"{text or empty} ({count:,})" for text, count in list(counts.items())[:_MOST_COUNTS]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "") or "none"


def _price_cells(rate: ShownRate) -> tuple[str, ...]:
    prefix = rate.to or (f"from {rate.from_}" if rate.from_ else "")
    return rate.meter, prefix, rate.destination or "", rate.price or "", rate.per or ""


def _print_differences(preview: BookPreview) -> None:
    if preview.replaces is None:
        print_line(f"no price book in {preview.currency} is in force on that day")
        return
    counts = ", ".join(f"{count:,} {change}" for change, count in preview.changes.items())
    print_line(f"compared with version {preview.replaces}: {counts or 'no difference'}")
    if preview.differences:
        columns = ("Change", "Meter", "Prefix", "Destination", "Old", "New")
        print_rows(columns, map(_difference_cells, preview.differences), "")
    more = sum(preview.changes.values()) - len(preview.differences)
    if more > 0:
        print_line(f"and {more:,} more differences")


def _difference_cells(it: ShownDifference) -> tuple[str, ...]:
    prefix = it.to or (f"from {it.from_}" if it.from_ else "")
    return it.change.value, it.meter, prefix, it.destination, it.old or "", it.new or ""
