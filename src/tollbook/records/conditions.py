"""Which rows are skipped: the conditions of a mapping as functions."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from tollbook.records.columns import ColumnReader, Getter
from tollbook.records.mapping import Condition, SkipRule
from tollbook.records.quantities import ZERO, parse_quantity

Test = Callable[[Any], bool]
SkipTest = tuple[str, Test]
"""A reason, and the function that returns whether the values of a row have it."""


def skip_tests(rules: Sequence[SkipRule], columns: ColumnReader) -> list[SkipTest]:
    """Return the tests of rules, in their order."""
    return [(it.reason, _all([_test(one, columns) for one in it.conditions])) for it in rules]


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda values: all(test(values) for test in tests)


def _test(condition: Condition, columns: ColumnReader) -> Test:
    get = columns.getter((condition.column,))
    assert get is not None  # noqa: S101  a condition has a column
    if condition.at_least is None and condition.at_most is None:
        return _is_among(get, frozenset(condition.values), condition.is_not)
    return _is_between(get, condition)


def _is_among(get: Getter, known: frozenset[str], is_not: bool) -> Test:
    if is_not:
        return lambda values: get(values) not in known
    return lambda values: get(values) in known


def _is_between(get: Getter, condition: Condition) -> Test:
    low, high, column = condition.at_least, condition.at_most, condition.column

    @lru_cache(8192)
    def is_between(text: str) -> bool:
        number = parse_quantity(column, text) if text else ZERO
        return (low is None or number >= low) and (high is None or number <= high)

    def test(values: Any) -> bool:
        return is_between(get(values))

    return test
