"""A price book arranged for rating, and the choice among books."""

from collections.abc import Iterable, Mapping

from tollbook.domain.prices import PriceBook, Rate


class Tariff:
    """A price book arranged for rating: for each meter its rates, most conditions first."""

    __slots__ = ("book", "rates_of")

    def __init__(self, book: PriceBook) -> None:
        self.book = book
        self.rates_of: Mapping[str, tuple[Rate, ...]] = _by_meter(book.rates)


def _by_meter(rates: Iterable[Rate]) -> dict[str, tuple[Rate, ...]]:
    by_meter: dict[str, list[Rate]] = {}
    for rate in rates:
        by_meter.setdefault(rate.meter, []).append(rate)
    return {
        meter: tuple(sorted(of_meter, key=lambda rate: -len(rate.when)))
        for meter, of_meter in by_meter.items()
    }


def arranged(books: Iterable[PriceBook]) -> tuple[Tariff, ...]:
    """Arrange a tenant's books: the latest first, the higher version on a tie."""
    latest_first = sorted(books, key=lambda it: (it.effective_from, it.version), reverse=True)
    return tuple(Tariff(book) for book in latest_first)


def in_force(tariffs: Iterable[Tariff], day: int) -> Tariff | None:
    """Choose the book for a day among arranged ones: the first that has begun."""
    for tariff in tariffs:
        if tariff.book.effective_from <= day:
            return tariff
    return None


def ambiguous_pairs(rates: Iterable[Rate]) -> list[tuple[Rate, Rate]]:
    """Find pairs of rates that could match one event equally well; a book has none."""
    return [
        (one, other)
        for of_meter in _by_meter(rates).values()
        for index, one in enumerate(of_meter)
        for other in of_meter[index + 1 :]
        if len(one.when) == len(other.when) and not _exclude(one, other)
    ]


def _exclude(one: Rate, other: Rate) -> bool:
    wanted = dict(one.when)
    return any(name in wanted and wanted[name] != value for name, value in other.when)
