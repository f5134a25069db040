"""The prefixes of a row: in one column, or a country code and area codes in two."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from tollbook.rating.books.deck_headers import AREA_CODES, COUNTRY_CODE, PREFIX
from tollbook.rating.books.deck_prefixes import join_area, parse_codes, parse_prefixes

_MOST_COUNTRIES = 1_000


class WrongCode(Exception):
    """A code that cannot be read, and the field of its column."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class RowCodes:
    """Reads the prefixes of rows; `where` has the positions of their columns."""

    def __init__(self, where: Mapping[str, int], access_codes: Sequence[str]) -> None:
        self._where = where
        self._access_codes = access_codes

    def of(self, row: Sequence[str]) -> Iterator[str]:
        """Read the prefixes of a row, from one column or from country code and area codes."""
        where = self._where
        if COUNTRY_CODE not in where:
            if PREFIX not in where:
                yield ""
                return
            cell = row[where[PREFIX]].strip()
            yield from _named(PREFIX, self._parse(cell, may_be_empty=True))
            return
        countries = _named(COUNTRY_CODE, self._parse(row[where[COUNTRY_CODE]].strip()))
        areas = row[where[AREA_CODES]].strip() if AREA_CODES in where else ""
        if PREFIX in where:
            prefixes = _named(PREFIX, self._parse(row[where[PREFIX]].strip()))
            yield from _named(PREFIX, _within(prefixes, countries))
        elif not areas:
            yield from countries
        else:
            yield from _join_areas(countries, areas)

    def _parse(self, cell: str, *, may_be_empty: bool = False) -> Iterator[str]:
        return parse_prefixes(cell, self._access_codes, may_be_empty=may_be_empty)


def _named(field: str, codes: Iterator[str]) -> Iterator[str]:
    """Yield codes; raise their problem with the field of their column."""
    try:
        yield from codes
    except ValueError as error:
        raise WrongCode(field, str(error)) from None


def _join_areas(countries: Iterator[str], areas: str) -> Iterator[str]:
    country, *others = islice(countries, 2)
    if others:
        raise WrongCode(COUNTRY_CODE, "must be one country code where there are area codes")
    joined = (join_area(country, area) for area in parse_codes(areas))
    yield from _named(AREA_CODES, joined)


def _within(prefixes: Iterator[str], countries: Iterator[str]) -> Iterator[str]:
    """Yield prefixes, each of which must begin with one of the country codes of its row."""
    known = set(islice(countries, _MOST_COUNTRIES + 1))
    if len(known) > _MOST_COUNTRIES:
        raise ValueError(f"has more than {_MOST_COUNTRIES:,} country codes next to it")
    lengths = {len(it) for it in known}
    for prefix in prefixes:
        if not any(prefix[:length] in known for length in lengths):
            raise ValueError(
                f"and the prefix {prefix} disagree; if that is an area code, name its column "
                "as area_codes"
            )
        yield prefix
