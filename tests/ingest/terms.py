"""The terms of an organization, from a book and without a database."""

from typing import Any
from zoneinfo import ZoneInfo

from tollbook.administration.price_books import example_book
from tollbook.domain.exact import MICROS
from tollbook.ingest.directory_cache import Terms
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.tariff import Tariff


def terms_of(book: str = "", **given: Any) -> Terms:
    """Return the terms of organization 1 by a book in YAML, or by the example prices."""
    parsed = parse_price_book(book) if book else example_book()
    usual: dict[str, Any] = {
        "number": 1,
        "known": True,
        "zone": ZoneInfo("UTC"),
        "currency": "USD",
        "books": [[Tariff(parsed)]],
        "number_format": "strict",
        "longest_call": 86_400 * MICROS,
    }
    return Terms(**{**usual, **given})
