"""Rows of a tariff by prefix: the longest prefix of a number in as many look-ups as it has digits.

A row is a number. A row without other conditions is stored as it is, one with conditions as its
complement (`~row`), so that the common case costs one comparison and no object.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from tollbook.domain.charges import RatingInput
from tollbook.domain.prices import Rate
from tollbook.rating.match import (
    COUNTRIES,
    FROM,
    TO,
    conditions_but_for,
    derived,
    names_kind,
    rank_of,
)
from tollbook.rating.match import fits as fits_but_for
from tollbook.rating.national_prefixes import NATIONAL_PREFIXES, is_e164
from tollbook.rating.number_formats import digits_of

Fits = Callable[[int, RatingInput], bool]
Template = Callable[[int], Rate]
Found = tuple[int, int, int]
"""A row, and the prefixes of `to` and `from` that matched, 0 for none."""

_FEW = 4
"""Up to this number, trying each row of a prefix is as fast as looking up a country."""


class UnreadableNumber(Exception):
    """A rate may be for the number in `side`, `to` or `from`, which cannot be read."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.side = side


class ByFrom:
    """The nodes of one prefix of `to`, by prefix of `from`; 0 is for any."""

    __slots__ = ("conditions", "nodes")

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.conditions: tuple[Rate, ...] | None = None


class ByCountry:
    """Rows of one prefix by the country of their condition, and those without one."""

    __slots__ = ("condition", "rest", "rows_of")

    def __init__(self, condition: str, rows_of: dict[str, tuple[int, ...]], rest: "Node") -> None:
        self.condition = condition
        self.rows_of = rows_of
        self.rest = rest


Node = int | tuple[int, ...] | ByFrom | ByCountry


class Index:
    """The rows of one meter: filled by `add`, then sorted once, then searched by `find`."""

    __slots__ = ("_conditions", "_crowded", "_longest", "_nodes", "_prefixes", "_template")

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}
        self._prefixes: dict[str, list[str]] | None = None
        self._crowded: dict[tuple[int, int], list[int]] = {}
        self._conditions: tuple[Rate, ...] | None = None
        self._template: Template
        self._longest = 0

    def add(self, row: int, to: str, from_: str, always: bool) -> None:
        """Add a row at its prefixes."""
        self._longest = max(self._longest, len(to))
        nodes, key = self._place(int(to or 0), int(from_ or 0))
        code = row if always else ~row
        present = nodes.get(key)
        if present is None:
            nodes[key] = code
        elif isinstance(present, int):
            nodes[key] = ()
            self._crowded[int(to or 0), int(from_ or 0)] = [present, code]
        else:
            self._crowded[int(to or 0), int(from_ or 0)].append(code)

    def sort(self, template: Template) -> None:
        """Sort the rows that share their prefixes, the most specific first."""
        self._template = template
        for (to, from_), codes in self._crowded.items():
            nodes, key = self._place(to, from_)
            codes.sort(key=lambda code: rank_of(template(row_of(code))), reverse=True)
            nodes[key] = _by_country(codes, template, COUNTRIES)
        self._crowded.clear()

    def sole(self) -> int | None:
        """Return the row that fits every usage, None when that depends on the usage."""
        node = self._nodes.get(0)
        return node if len(self._nodes) == 1 and isinstance(node, int) and node >= 0 else None

    def reaches(self, side: str, digits: str) -> bool:
        """Return whether a prefix of `to` or `from` begins with these digits and is longer."""
        if self._prefixes is None:  # needed only where numbers are not stored whole
            from_ = {
                it for node in self._nodes.values() if isinstance(node, ByFrom) for it in node.nodes
            }
            self._prefixes = {
                name: sorted(str(it) for it in found if it)
                for name, found in (("to", self._nodes), ("from", from_))
            }
        prefixes = self._prefixes[side]
        place = bisect_right(prefixes, digits)
        return place < len(prefixes) and prefixes[place].startswith(digits)

    def find(self, usage: RatingInput, fits: Fits) -> Found | None:
        """Find the most specific row that fits.

        Raise `UnreadableNumber` when a row might be for a number in `to` or `from` that is none.
        """
        value = usage.attributes.get(TO) if usage.attributes else None
        # Checked here and not in `digits_of`, because every call passes here.
        if (
            type(value) is str
            and is_e164(value)
            and ((matches := NATIONAL_PREFIXES.get(value[1:5])) is None or matches(value) is None)
        ):
            to = int(value[1 : self._longest + 1] or 0)
        else:
            digits = digits_of(value, usage.number_format)
            if not digits and self._longest and self._prices_numbers(usage):
                raise UnreadableNumber(TO)
            to = int(digits[: self._longest] or 0)
        get = self._nodes.get
        while True:
            node = get(to)
            if node is not None:
                if type(node) is int and node >= 0:
                    return node, to, 0
                if type(node) is ByFrom:
                    found = self._by_from(node, usage, fits)
                    if found is not None:
                        return found[0], to, found[1]
                else:
                    row = _first_fit(node, usage, fits)
                    if row is not None:
                        return row, to, 0
            if not to:
                return None
            to //= 10

    def find_by_kind(self, usage: RatingInput, fits: Fits, sides: Sequence[str]) -> Found | None:
        """Find the most specific row that fits and names the kind of the address in these sides."""

        def fits_by_kind(row: int, usage: RatingInput) -> bool:
            return names_kind(self._template(row), sides) and fits(row, usage)

        for to in _shortened(_number_in(usage, TO)):
            node = self._nodes.get(to)
            starts = _shortened(_number_in(usage, FROM)) if type(node) is ByFrom else (0,)
            for from_ in starts:
                here = node.nodes.get(from_) if type(node) is ByFrom else node
                row = None if here is None else _first_fit(here, usage, fits_by_kind, always=False)
                if row is not None:
                    return row, to, from_
        return None

    def _by_from(self, node: ByFrom, usage: RatingInput, fits: Fits) -> tuple[int, int] | None:
        """Find the most specific row of a prefix of `to`, and its prefix of `from`."""
        digits = _number_in(usage, FROM)
        if not digits:
            if node.conditions is None:
                rows = _rows(here for from_, here in node.nodes.items() if from_)
                node.conditions = conditions_but_for(FROM, map(self._template, rows))
            if any(fits_but_for(it, usage) for it in node.conditions):
                raise UnreadableNumber(FROM)
        for from_ in _shortened(digits):
            here = node.nodes.get(from_)
            row = None if here is None else _first_fit(here, usage, fits)
            if row is not None:
                return row, from_
        return None

    def _prices_numbers(self, usage: RatingInput) -> bool:
        """Return whether a rate by prefix of `to` might price a usage, if there were a number."""
        if self._conditions is None:
            rows = _rows(node for to, node in self._nodes.items() if to)
            self._conditions = conditions_but_for(TO, map(self._template, rows))
        return any(fits_but_for(it, usage) for it in self._conditions)

    def _place(self, to: int, from_: int) -> tuple[dict[int, Node], int]:
        """Return the place of a pair of prefixes, and divide it by `from` where necessary."""
        node = self._nodes.get(to)
        if not isinstance(node, ByFrom):
            if not from_:
                return self._nodes, to
            by_from = ByFrom()
            if node is not None:
                by_from.nodes[0] = node
            self._nodes[to] = node = by_from
        return node.nodes, from_


def row_of(code: int) -> int:
    """Return the row of a code, which is the row or its complement."""
    return code if code >= 0 else ~code


def _first_fit(node: Node, usage: RatingInput, fits: Fits, *, always: bool = True) -> int | None:
    """Find the first row of a node that fits; unless `always`, among those with conditions."""
    if isinstance(node, int):
        fitting = always if node >= 0 else fits(~node, usage)
        return row_of(node) if fitting else None
    if isinstance(node, tuple):
        for code in node:
            if always if code >= 0 else fits(~code, usage):
                return row_of(code)
        return None
    if isinstance(node, ByCountry):
        country = derived(node.condition, usage)
        found = _first_fit(node.rows_of.get(country or "", ()), usage, fits, always=always)
        return _first_fit(node.rest, usage, fits, always=always) if found is None else found
    raise TypeError("rows by `from` are only at a prefix of `to`")


def _number_in(usage: RatingInput, side: str) -> str:
    return digits_of((usage.attributes or {}).get(side), usage.number_format)


def _shortened(digits: str) -> Iterator[int]:
    """Yield the prefixes of a number from the longest to none, which is 0."""
    number = int(digits or 0)
    while number:
        yield number
        number //= 10
    yield 0


def _rows(nodes: Iterable[Node]) -> Iterator[int]:
    """Yield all rows at nodes."""
    for node in nodes:
        if isinstance(node, int):
            yield row_of(node)
        elif isinstance(node, tuple):
            yield from map(row_of, node)
        elif isinstance(node, ByFrom):
            yield from _rows(node.nodes.values())
        else:
            yield from _rows((*node.rows_of.values(), node.rest))


def _by_country(
    codes: Sequence[int], template: Callable[[int], Rate], conditions: Sequence[str]
) -> Node:
    """Split many rows by the country of their condition; each part keeps its order."""
    if len(codes) <= _FEW or not conditions:
        return tuple(codes)
    rows_of: dict[str, tuple[int, ...]] = {}
    rest: list[int] = []
    for code in codes:
        country = dict(template(row_of(code)).when).get(conditions[0])
        if country is None:
            rest.append(code)
        else:
            rows_of[country] = (*rows_of.get(country, ()), code)
    others = _by_country(rest, template, conditions[1:])
    return ByCountry(conditions[0], rows_of, others) if rows_of else others
