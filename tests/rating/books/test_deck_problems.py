"""The problems of a deck: the first ones are listed with their lines, and all are counted."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_terms import FLAGS, MOST_SHOWN, TEXTS, DeckProblems, DeckTerms


def noted(count: int, **given: str) -> DeckProblems:
    problems = DeckProblems(**given)
    for line in range(1, count + 1):
        problems.note(line, "price", "invalid_price", "price must be a number")
    return problems


def test_a_deck_without_problems_is_not_refused() -> None:
    noted(0).refuse()
    assert noted(0).all() == []


@pytest.mark.parametrize(
    ("given", "line", "field", "error"),
    [
        ({}, 0, "price", "wrong"),
        ({}, 3, "price", "line 3: wrong"),
        ({"file": "a.csv"}, 0, "price", "a.csv: wrong"),
        ({"file": "a.csv"}, 3, "price", "a.csv line 3: wrong"),
        ({"file": "a.csv", "path": "decks.0"}, 3, "decks.0.price", "a.csv line 3: wrong"),
    ],
)
def test_a_problem_names_its_file_line_and_field(
    given: dict[str, str], line: int, field: str, error: str
) -> None:
    problems = DeckProblems(**given)
    problems.note(line, "price", "invalid_price", "wrong")
    (problem,) = problems.all()
    assert (problem.field, problem.code, problem.error) == (field, "invalid_price", error)


@pytest.mark.parametrize(
    ("count", "last"),
    [
        (MOST_SHOWN, f"line {MOST_SHOWN}: price must be a number"),
        (MOST_SHOWN + 1, "and 1 more error"),
        (MOST_SHOWN + 2_000, "and 2,000 more errors"),
    ],
)
def test_problems_after_many_are_only_counted(count: int, last: str) -> None:
    listed = noted(count).all()
    assert listed[-1].error == last
    assert len(listed) == min(count, MOST_SHOWN + 1)


@pytest.mark.parametrize(("count", "errors"), [(1, "1 error;"), (1_200, "1,200 errors;")])
def test_a_refused_deck_states_the_number_of_its_errors(count: int, errors: str) -> None:
    with pytest.raises(PriceBookRefused) as raised:
        noted(count).refuse()
    assert f"the price book has {errors} nothing was loaded" == raised.value.sentence
    assert len(raised.value.details) == min(count, MOST_SHOWN + 1)


def test_the_terms_are_texts_flags_and_lists() -> None:
    assert {*TEXTS, *FLAGS, "columns", "ignore", "when"} == set(DeckTerms.__struct_fields__)
    assert FLAGS == ("inbound", "decimal_comma")
