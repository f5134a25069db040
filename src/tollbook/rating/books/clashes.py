"""Clashes: pairs of rates that could price one usage and have the same rank. A book has none.

A hundred thousand rows are never compared pair by pair: rows that could clash share their prefixes
and their rank, and agree on the attributes in the conditions of both.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, islice

from tollbook.domain.prices import Rate
from tollbook.rating.match import Conditions, number_text, rank_of

MOST_PAIRS = 100_000
MOST_SETS = 200
"""The most sets of attributes in the conditions of one rank: each is compared with each."""

Pair = tuple[int, int]
_Rows = list[int]
_Names = frozenset[str]
_MayClash = Callable[[Rate, Rate], bool]


def clashes(rates: Sequence[Rate]) -> list[Pair]:
    """List the pairs of positions of rates that clash, up to a limit.

    ValueError when the conditions of rates that could clash have too many sets of attributes.
    """
    found: set[Pair] = set()
    for rows in _groups(rates):
        if len(rows) > 1:
            found.update(islice(_pairs(rates, rows), MOST_PAIRS))
        if len(found) >= MOST_PAIRS:
            break
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _groups(rates: Sequence[Rate]) -> Iterable[_Rows]:
    """Group rates by everything that gives them a rank, and by whether they price or mark up."""
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


def _pairs(rates: Sequence[Rate], rows: _Rows) -> Iterator[Pair]:
    by_names: dict[_Names, _Rows] = defaultdict(list)
    for row in rows:
        by_names[_names(rates[row])].append(row)
    if len(by_names) > MOST_SETS:
        meter, prefix = rates[rows[0]].meter, rates[rows[0]].to
        raise ValueError(
            f"rates of {meter}{' to ' + prefix if prefix else ''} have more than {MOST_SETS} "
            "different sets of attributes in their conditions"
        )
    for names, alike in by_names.items():
        for bucket in _group_by_values(rates, alike, names):
            yield from _overlaps(rates, bucket, lambda _one, _other: True)
    for names, others in combinations(by_names, 2):
        both = by_names[names] + by_names[others]
        for bucket in _group_by_values(rates, both, names & others):
            yield from _overlaps(rates, bucket, _differ_in_names)


def _names(rate: Rate) -> _Names:
    return frozenset(name for name, _ in rate.when)


def _differ_in_names(one: Rate, other: Rate) -> bool:
    return _names(one) != _names(other)


def _group_by_values(rates: Sequence[Rate], rows: _Rows, names: _Names) -> Iterable[_Rows]:
    """Group rows by the values of some attributes in their conditions, numbers by their value."""
    buckets: dict[Conditions, _Rows] = defaultdict(list)
    for row in rows:
        when = (it for it in sorted(rates[row].when) if it[0] in names)
        key = tuple((name, number_text(value) or value) for name, value in when)
        buckets[key].append(row)
    return buckets.values()


def _overlaps(rates: Sequence[Rate], rows: _Rows, may_clash: _MayClash) -> Iterator[Pair]:
    """Yield pairs of rows whose days and hours overlap, in the order in which they begin."""
    begun: _Rows = []
    for row in sorted(rows, key=lambda it: (rates[it].valid_from, it)):
        rate = rates[row]
        for other in _still_valid(rates, begun, rate.valid_from):
            if may_clash(rates[other], rate) and _hours_overlap(rates[other], rate):
                yield min(row, other), max(row, other)
                break
        begun.append(row)


def _still_valid(rates: Sequence[Rate], begun: _Rows, day: int) -> Iterator[int]:
    """Yield rows that have begun, and remove those that have ended."""
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
