"""Rates that could both price one usage with nothing to choose between them: a book has none.

A hundred thousand rows are never compared pair by pair: rows that could clash share their prefixes
and their rank, and agree on the attributes that both of them ask for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, islice

from tollbook.domain.prices import Rate
from tollbook.rating.match import rank_of

MOST_PAIRS = 100_000
MOST_SETS = 200
"""Sets of attributes are compared each with each: rates of one rank ask for so many at most."""

Pair = tuple[int, int]
_Rows = list[int]
_Names = frozenset[str]
_MayClash = Callable[[Rate, Rate], bool]


def clashes(rates: Sequence[Rate]) -> list[Pair]:
    """List the pairs of rates, by position, that clash; of very many the first that are found.

    ValueError when rates that could clash ask for too many different sets of attributes.
    """
    found: set[Pair] = set()
    for rows in _alike(rates):
        if len(rows) > 1:
            found.update(islice(_among(rates, rows), MOST_PAIRS))
        if len(found) >= MOST_PAIRS:
            break
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _alike(rates: Sequence[Rate]) -> Iterable[_Rows]:
    """Part rates by all that makes them differ in rank, and by whether they price or mark up."""
    groups: dict[object, _Rows] = defaultdict(list)
    for row, rate in enumerate(rates):
        for use in _uses(rate):
            groups[use, rate.meter, rate.to, rate.from_, rank_of(rate)].append(row)
    return groups.values()


def _uses(rate: Rate) -> Iterator[str]:
    if rate.pricing.price is not None:
        yield "price"
    if rate.pricing.markup is not None:
        yield "markup"


def _among(rates: Sequence[Rate], rows: _Rows) -> Iterator[Pair]:
    by_names: dict[_Names, _Rows] = defaultdict(list)
    for row in rows:
        by_names[_names(rates[row])].append(row)
    if len(by_names) > MOST_SETS:
        meter, prefix = rates[rows[0]].meter, rates[rows[0]].to
        raise ValueError(
            f"rates of {meter}{' to ' + prefix if prefix else ''} ask for more than {MOST_SETS} "
            "different sets of attributes"
        )
    for names, alike in by_names.items():
        for bucket in _agreeing(rates, alike, names):
            yield from _at_one_time(rates, bucket, lambda _one, _other: True)
    for names, others in combinations(by_names, 2):
        both = by_names[names] + by_names[others]
        for bucket in _agreeing(rates, both, names & others):
            yield from _at_one_time(rates, bucket, _differ_in_names)


def _names(rate: Rate) -> _Names:
    return frozenset(name for name, _ in rate.when)


def _differ_in_names(one: Rate, other: Rate) -> bool:
    return _names(one) != _names(other)


def _agreeing(rates: Sequence[Rate], rows: _Rows, names: _Names) -> Iterable[_Rows]:
    """Part rows by the values they want of some attributes."""
    buckets: dict[tuple[tuple[str, str], ...], _Rows] = defaultdict(list)
    for row in rows:
        buckets[tuple(it for it in sorted(rates[row].when) if it[0] in names)].append(row)
    return buckets.values()


def _at_one_time(rates: Sequence[Rate], rows: _Rows, may_clash: _MayClash) -> Iterator[Pair]:
    """Find rows whose days and hours overlap, by going through them as they begin."""
    begun: _Rows = []
    for row in sorted(rows, key=lambda it: (rates[it].valid_from, it)):
        rate = rates[row]
        for other in _still_valid(rates, begun, rate.valid_from):
            if may_clash(rates[other], rate) and _hours_overlap(rates[other], rate):
                yield min(row, other), max(row, other)
                break
        begun.append(row)


def _still_valid(rates: Sequence[Rate], begun: _Rows, day: int) -> Iterator[int]:
    """Go through rows that have begun as far as is asked, and forget those that have ended."""
    here = 0
    while here < len(begun):
        if rates[begun[here]].valid_until >= day:
            yield begun[here]
            here += 1
        else:
            begun[here] = begun[-1]
            begun.pop()


def _hours_overlap(one: Rate, other: Rate) -> bool:
    if not one.hours or not other.hours:
        return True
    return any(
        start < other_end and other_start < end
        for start, end in one.hours
        for other_start, other_end in other.hours
    )
