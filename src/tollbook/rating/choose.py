"""Which rate prices a usage: the organization's own book before the tenant's, rate by rate."""

from collections.abc import Sequence

from tollbook.domain.charges import Unpriced, Usage
from tollbook.rating.book import Chosen, Tariff

NO_BOOK = "no_price_book"
NO_PRICE = "no_price"
NUMBER_HIDDEN = "number_hidden"
WRONG_CURRENCY = "currency_mismatch"

Books = Sequence[Sequence[Tariff]]
"""Books in the order they are asked, an organization's own first; each as its arranged versions."""


def choose(books: Books, usage: Usage, currency: str) -> Chosen | Unpriced:
    """Choose the rate of a usage: that of the first book of which any rate in force fits."""
    asked: Tariff | None = None
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
        found = tariff.find(usage)
        if found is not None:
            return found
        asked = tariff
    if asked is None:
        return _without_book(books, day, currency)
    return Unpriced(
        NO_PRICE, f"price book version {asked.version} has no price for this {usage.meter}"
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
