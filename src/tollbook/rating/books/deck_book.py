"""A price book of decks: one deck alone, or those that a YAML book names beside its rates."""

from collections.abc import Callable, Sequence

from tollbook.domain.directory import LONGEST_NAME, currency_problem, text_problem
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, PriceBook, Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.deck_clashes import Clash, RatePosition, deck_clashes
from tollbook.rating.books.deck_csv import Progress, ReadDeck, read_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckProblems, DeckTerms

Where = Callable[[RatePosition], str]


def parse_deck(
    text: str, deck: DeckTerms, book: BookTerms, progress: Progress | None = None
) -> PriceBook:
    """Read a deck as a book of its own, or raise `PriceBookRefused` with every error in it."""
    problems = DeckProblems()
    effective_from = _check_book(book, problems)
    read = read_deck(text, deck, book.currency, problems, progress)
    if read is not None:
        say_clashes((), [read], [problems], lambda place: f"line {read.lines[place.row]}")
    problems.refuse()
    decks = () if read is None else (read.deck,)
    return PriceBook(book.name, book.currency, effective_from, book.source, (), 0, decks)


def say_clashes(
    rates: Sequence[Rate], decks: Sequence[ReadDeck], problems: Sequence[DeckProblems], where: Where
) -> None:
    """Say which rows of decks stand in each other's way, or in that of single rates."""
    try:
        found = deck_clashes(rates, [it.deck for it in decks])
    except ValueError as error:
        problems[0].say(0, "when", "too_many_conditions", str(error))
        return
    for clash in found:
        read = decks[clash.second.part - 1]
        line = read.lines[clash.second.row]
        code = "duplicate_row" if clash.same else "overlapping_rows"
        problems[clash.second.part - 1].say(line, "prefix", code, _sentence(clash, where))


def _sentence(clash: Clash, where: Where) -> str:
    rate, first = clash.rate, where(clash.first)
    prefix = rate.to or rate.from_
    what = f"prefix {prefix}" if prefix else f"this {rate.meter}"
    if clash.same:
        return f"{what} is on {first} already"
    dated = rate.valid_from > FIRST_DAY or rate.valid_until < LAST_DAY
    overlap = ", and their days overlap" if dated else ""
    return f"{what} has another price on {first}{overlap}"


def _check_book(book: BookTerms, problems: DeckProblems) -> int:
    """Check what is said about the book; give its first day."""
    for field, text in (("name", book.name), ("source", book.source)):
        problem = text_problem(field, text, LONGEST_NAME)
        if problem:
            problems.say(0, field, problem.code, problem.error)
    wrong = currency_problem(book.currency)
    if wrong:
        problems.say(0, "currency", wrong.code, wrong.error)
    try:
        return vocabulary.day(book.effective_from)
    except ValueError as error:
        problems.say(0, "effective_from", "invalid_date", f"effective_from {error}")
        return 0
