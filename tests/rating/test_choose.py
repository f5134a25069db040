"""Which rate prices a usage."""

import pytest

from tests.rating.builders import rate, tariff, usage
from tollbook.domain.charges import Attributes, Unpriced
from tollbook.domain.prices import PriceBook
from tollbook.rating.book import Chosen, Tariff, arranged, in_force
from tollbook.rating.choose import choose


def chosen(book: Tariff, attributes: Attributes | None, **given: object) -> int | str:
    found = choose([[book]], usage(attributes=attributes, **given), "USD")
    return found.rate_id if isinstance(found, Chosen) else found.code


def test_the_rate_with_more_conditions_wins() -> None:
    general = rate(id=1)
    to_britain = rate(when=(("to.country", "GB"),), id=2)
    free_to_britain = rate(when=(("number_type", "toll_free"), ("to.country", "GB")), id=3)
    book = tariff(general, to_britain, free_to_britain)
    for attributes, winner in (
        (None, 1),
        ({"to": "+14155550100"}, 1),
        ({"to": "+442079460000"}, 2),
        ({"to": "+442079460000", "number_type": "toll_free"}, 3),
        ({"number_type": "toll_free"}, 1),
        ({"to": "12345"}, 1),
        ({"to": 44}, 1),
        ({"to": "+999"}, 1),
    ):
        assert chosen(book, attributes) == winner, attributes


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (1, "1"), (1.5, "1.5"), (None, "null"), ("x", "x")]
)
def test_conditions_compare_attributes_as_a_book_writes_them(value: object, written: str) -> None:
    conditional = tariff(rate(when=(("a", written),), id=1))
    assert chosen(conditional, {"a": value}) == 1  # type: ignore[dict-item]
    assert chosen(conditional, {}) == "no_price"


def test_without_a_price_there_is_a_reason_and_never_a_zero() -> None:
    unpriced = choose([[tariff(rate())]], usage(meter="sms.outbound"), "USD")
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "no_price"


def test_a_book_in_another_currency_prices_nothing() -> None:
    unpriced = choose([[tariff(rate())]], usage(), "EUR")
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "currency_mismatch"


def test_the_latest_book_that_has_begun_is_in_force() -> None:
    books = [
        PriceBook("old", "USD", 20240101, "", (), 1),
        PriceBook("new", "USD", 20240301, "", (), 2),
        PriceBook("mended", "USD", 20240301, "", (), 3),
    ]
    names = {
        day: found.name if (found := in_force(arranged(books), day)) else None
        for day in (20231231, 20240101, 20240229, 20240301)
    }
    assert names == {20231231: None, 20240101: "old", 20240229: "old", 20240301: "mended"}
