"""The problems of a deck: the first ones are listed with their lines, and all are counted."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_terms import (
    FLAGS,
    LISTS,
    MOST_SHOWN,
    PAIRS,
    SELECTIONS,
    TEXTS,
    DeckProblems,
    DeckTerms,
    column_letters,
)


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


def test_the_terms_are_texts_flags_lists_and_mappings() -> None:
    others = {*LISTS, *PAIRS, *SELECTIONS, "prices", "optional"}
    assert {*TEXTS, *FLAGS, *others} == set(DeckTerms.__struct_fields__)
    assert FLAGS == ("inbound", "decimal_comma", "strict_grace", "unknown_origin")


@pytest.mark.parametrize(("column", "place"), [(None, "Rates row 5"), (2, "Rates!C5")])
def test_a_problem_of_a_workbook_names_its_cell(column: int | None, place: str) -> None:
    problems = DeckProblems()
    problems.sheet = "Rates"
    problems.note(5, "price", "invalid_price", "wrong", column)
    assert problems.all()[0].error == f"{place}: wrong"


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (702, "AAA")])
def test_columns_have_the_letters_of_spreadsheets(index: int, letters: str) -> None:
    assert column_letters(index) == letters
