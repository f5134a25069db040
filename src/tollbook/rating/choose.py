"""Which rate prices a usage: the organization's own book before the tenant's, rate by rate."""

from collections.abc import Sequence

from tollbook.domain.charges import RatingInput, Unpriced
from tollbook.rating.index import UnreadableNumber
from tollbook.rating.numbers import kind_of
from tollbook.rating.tariff import ChosenRate, Tariff

NO_BOOK = "no_price_book"
NO_PRICE = "no_price"
NUMBER_HIDDEN = "number_hidden"
NUMBER_UNREADABLE = "number_unreadable"
WRONG_CURRENCY = "currency_mismatch"

Books = Sequence[Sequence[Tariff]]
"""Books in the order they are searched, an organization's own first; each as its tariffs."""


def choose(books: Books, usage: RatingInput, currency: str) -> ChosenRate | Unpriced:
    """Choose the rate of a usage from the first book with a rate in force that fits.

    After a book that may price a number that cannot be read, a rate must name its kind.
    """
    last: Tariff | None = None
    unreadable: tuple[Tariff, str] | None = None
    day = usage.day
    for versions in books:
        tariff = in_force(versions, day, currency)
        if tariff is None:
            continue
        hidden = tariff.hidden(usage) if usage.attributes else None
        if hidden is not None:
            return Unpriced(
                NUMBER_HIDDEN,
                f"price book version {tariff.version} prices this {usage.meter} by more of "
                f"{hidden} than is stored",
            )
        try:
            if unreadable is None:
                found = tariff.find(usage)
            else:
                found = tariff.find_by_kind(usage, unreadable[1])
        except UnreadableNumber as error:
            unreadable = tariff, error.side
            continue
        if found is not None:
            return found
        last = tariff
    if unreadable is not None:
        return _unreadable(usage, *unreadable)
    if last is None:
        return _without_book(books, day, currency)
    return Unpriced(
        NO_PRICE, f"price book version {last.version} has no price for this {usage.meter}"
    )


def _unreadable(usage: RatingInput, tariff: Tariff, side: str) -> Unpriced:
    """Return why there is no number; the text is never quoted, because it may be personal."""
    value = (usage.attributes or {}).get(side)
    kind = kind_of(value, usage.number_format)
    what = f"{side} is missing" if value is None else f"{side} is not a number that can be read"
    return Unpriced(
        NUMBER_UNREADABLE,
        f"price book version {tariff.version} prices this {usage.meter} by the number in {side}, "
        f"and {what}: send numbers in E.164, set the number format of the organization, or load "
        f"a rate with when: {{{side}.kind: {kind}}}",
    )


def in_force(versions: Sequence[Tariff], day: int, currency: str) -> Tariff | None:
    """Return the version of a book in a currency for a day, None when none has begun.

    The latest version comes first. Books of other currencies are sequences of their own.
    """
    for tariff in versions:
        if tariff.effective_from <= day and tariff.currency == currency:
            return tariff
    return None


def _without_book(books: Books, day: int, currency: str) -> Unpriced:
    """Return why nothing prices a day: all its books are in other currencies, or there is none."""
    for versions in books:
        for tariff in versions:
            if tariff.effective_from <= day:
                return Unpriced(
                    WRONG_CURRENCY,
                    f"price book version {tariff.version} is in {tariff.currency}, "
                    f"the organization in {currency}",
                )
    return Unpriced(NO_BOOK, f"no price book is in force on {day}")
