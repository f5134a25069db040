"""Load the books and rates of docs/prices.md, and check its error."""

import re
from pathlib import Path

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.yaml_book import parse_price_book

PAGE = (Path(__file__).parents[2] / "docs" / "prices.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
BOOK, *RATES = BLOCKS
HEAD = BOOK.partition("rates:")[0] + "rates:\n"


def test_the_book_of_five_minutes_loads_with_its_examples() -> None:
    assert len(parse_price_book(BOOK).rates) == 11
    assert "examples:" in BOOK


def test_a_wrong_example_is_refused_as_the_page_says() -> None:
    (sentence,) = re.findall(r"^line \d+: this example.*$", PAGE, re.MULTILINE)
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(BOOK.replace("cost: 0.0132", "cost: 0.0122"))
    assert [problem.error for problem in refused.value.details] == [sentence]


@pytest.mark.parametrize("block", RATES)
def test_every_rate_of_the_page_is_a_rate(block: str) -> None:
    assert parse_price_book(HEAD + block).rates
