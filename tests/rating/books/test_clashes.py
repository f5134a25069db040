"""Rates that could both price one usage with nothing to choose between them."""

from time import process_time

import pytest

from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Rate
from tollbook.rating.books.clashes import clashes

MORNING, EVENING = (480, 720), (1080, 1320)


def when(**conditions: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.replace("__", "."), it) for name, it in conditions.items()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rate(), rate()),
        (rate(to="44"), rate(to="44")),
        (rate(when=when(a="1")), rate(when=when(b="1"))),
        (rate(when=when(a="1", b="1")), rate(when=when(b="1", c="1"))),
        (rate(valid_until=20240131), rate(valid_from=20240131)),
        (rate(hours=(MORNING,)), rate(hours=((700, 800),))),
        (rate(when=when(to__country="GB")), rate(when=when(to__country="GB"))),
        (rate(pricing(markup=1)), rate(pricing(price=None, markup=2))),
        (rate(when=when(a="1.5")), rate(when=when(a="1.50"))),
        (rate(when=when(a="15e-1", b="x")), rate(when=when(a="1.50", c="x"))),
    ],
)
def test_rates_of_one_rank_that_could_both_fit_clash(one: Rate, other: Rate) -> None:
    assert clashes([one, other]) == [(0, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rate(), rate(meter="kb.usage")),
        (rate(to="44"), rate(to="49")),
        (rate(to="44"), rate(to="4420")),
        (rate(to="44"), rate(from_="44")),
        (rate(when=when(a="1")), rate(when=when(a="2"))),
        (rate(), rate(when=when(a="2"))),
        (rate(when=when(a="1", b="1")), rate(when=when(b="2", c="1"))),
        (rate(when=when(to__country="GB")), rate(when=when(from__country="GB"))),
        (rate(when=when(to__country="GB")), rate(when=when(a="1"))),
        (rate(valid_until=20240131), rate(valid_from=20240201)),
        (rate(hours=(MORNING,)), rate(hours=(EVENING,))),
        (rate(hours=(MORNING,)), rate()),
        (rate(), rate(pricing(price=None, markup=1))),
        (rate(when=when(a="1.5")), rate(when=when(a="1.51"))),
        (rate(when=when(a="7")), rate(when=when(a="07"))),
    ],
)
def test_rates_of_other_ranks_or_that_exclude_each_other_do_not(one: Rate, other: Rate) -> None:
    assert clashes([one, other]) == []


def test_each_rate_is_said_once() -> None:
    assert clashes([rate()] * 4) == [(0, 1), (0, 2), (0, 3)]


@pytest.mark.parametrize("alike", [True, False])
def test_a_hundred_thousand_rows_are_not_compared_pair_by_pair(alike: bool) -> None:
    rows = [rate(when=when(account="1" if alike else str(n))) for n in range(100_000)]
    start = process_time()
    assert len(clashes(rows)) == (99_999 if alike else 0)
    assert process_time() - start < 10
