"""A price book that is one deck, and the clashes between decks and rates of a book."""

from collections.abc import Callable, Sequence

from tollbook.domain.catalog import BUILT_IN, Catalog, HintingCatalog
from tollbook.domain.directory import LONGEST_NAME, currency_problem, text_problem
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, PriceBook, Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.deck_clashes import Clash, RatePosition, deck_clashes
from tollbook.rating.books.deck_csv import ReadDeck, read_deck
from tollbook.rating.books.deck_growth import Progress
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.deck_table import DeckTable
from tollbook.rating.books.deck_terms import BookTerms, DeckProblems, DeckTerms

PlaceOf = Callable[[RatePosition], str]


def parse_deck(
    source: str | DeckTable,
    deck: DeckTerms,
    book: BookTerms,
    progress: Progress | None = None,
    reports: list[DeckReport] | None = None,
    catalog: Catalog = BUILT_IN,
) -> PriceBook:
    """Parse a deck as a book of its own, or raise `PriceBookRefused` with every error in it.

    `reports` receives how the deck was read, and `catalog` has the meters that it may price.
    """
    problems = DeckProblems()
    effective_from = _check_book(book, problems)
    read = read_deck(source, deck, book.currency, problems, progress, HintingCatalog(catalog))
    if read is not None:
        note_clashes((), [read], [problems], lambda it: problems.place(read.lines[it.row]))
        if reports is not None:
            reports.append(read.report)
    problems.refuse()
    decks = () if read is None else (read.deck,)
    return PriceBook(
        name=book.name,
        currency=book.currency,
        effective_from=effective_from,
        source=book.source,
        rates=(),
        decks=decks,
    )


def note_clashes(
    rates: Sequence[Rate],
    decks: Sequence[ReadDeck],
    problems: Sequence[DeckProblems],
    place_of: PlaceOf,
) -> None:
    """Note which rows of decks clash with each other, or with single rates."""
    try:
        found = deck_clashes(rates, [it.deck for it in decks])
    except ValueError as error:
        problems[0].note(0, "when", "too_many_conditions", str(error))
        return
    for clash in found:
        read = decks[clash.second.part - 1]
        line = read.lines[clash.second.row]
        code = "duplicate_row" if clash.same else "overlapping_rows"
        problems[clash.second.part - 1].note(line, "prefix", code, _clash_sentence(clash, place_of))


def _clash_sentence(clash: Clash, place_of: PlaceOf) -> str:
    rate, first = clash.rate, place_of(clash.first)
    prefix = rate.to or rate.from_
    what = f"prefix {prefix}" if prefix else f"this {rate.meter}"
    if clash.same:
        return f"{what} is on {first} already"
    dated = rate.valid_from > FIRST_DAY or rate.valid_until < LAST_DAY
    overlap = ", and their days overlap" if dated else ""
    return f"{what} has another price on {first}{overlap}"


def _check_book(book: BookTerms, problems: DeckProblems) -> int:
    """Check the head of the book, and return its first day."""
    for field, text in (("name", book.name), ("source", book.source)):
        problem = text_problem(field, text, LONGEST_NAME)
        if problem:
            problems.note(0, field, problem.code, problem.error)
    wrong = currency_problem(book.currency)
    if wrong:
        problems.note(0, "currency", wrong.code, wrong.error)
    try:
        return vocabulary.parse_day(book.effective_from)
    except ValueError as error:
        problems.note(0, "effective_from", "invalid_date", f"effective_from {error}")
        return 0
