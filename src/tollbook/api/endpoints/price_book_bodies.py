"""The bodies of price books: YAML, or a deck in CSV whose terms are query parameters."""

from typing import Any

import msgspec
from starlette.requests import Request

from tollbook.api.endpoints.price_book_queries import DeckQuery
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import PriceBookRefused, Problem, UnsupportedBody, refuse
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_csv import decode_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book

YAML = "application/yaml"
CSV = "text/csv"
MOST_TOKENS = 500_000
"""The most tokens of a YAML body: a book of 1 MiB has fewer, unless it is nonsense."""
_REQUIRED = ("meter", "per", "currency", "name", "effective_from", "source")


def media_type_of(request: Request) -> str:
    """Return the media type of the body; `UnsupportedBody` for neither YAML nor CSV."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("Content-Encoding must be absent")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (YAML, CSV):
        raise UnsupportedBody(f"Content-Type must be {YAML} or {CSV}")
    return given


def read_book(body: bytes, media_type: str, query: DeckQuery, catalog: Catalog) -> PriceBook:
    """Return the book in a body by a catalog of meters, or raise with every error in it."""
    if media_type == CSV:
        return _deck(body, query, catalog)
    for_decks = [name for name in DeckQuery.__struct_fields__ if getattr(query, name)]
    refuse(
        [
            Problem(name, "not_for_yaml", f"{name} is for decks in CSV, not for YAML")
            for name in for_decks
        ]
    )
    try:
        return parse_price_book(body.decode(), most_tokens=MOST_TOKENS, catalog=catalog)
    except UnicodeDecodeError as error:
        raise PriceBookRefused(f"the price book is not UTF-8: {error.reason}") from error


def _deck(body: bytes, query: DeckQuery, catalog: Catalog) -> PriceBook:
    problems = [
        Problem(name, "missing_parameter", f"{name} required")
        for name in _REQUIRED
        if getattr(query, name) is None
    ]
    columns = _object("columns", query.columns, problems)
    when = _object("when", query.when, problems)
    ignore = _value("ignore", query.ignore, list[str], [], problems)
    refuse(problems)
    deck = DeckTerms(
        meter=query.meter or "",
        per=query.per or "",
        columns=columns,
        when=when,
        ignore=tuple(ignore),
        inbound=query.inbound,
        dates=query.dates or "",
        decimal_comma=query.decimal_comma,
        increments=query.increments or "",
        minimum=query.minimum or "",
        grace=query.grace or "",
        connect_fee=query.connect_fee or "",
    )
    book = BookTerms(
        query.name or "", query.currency or "", str(query.effective_from), query.source or ""
    )
    return parse_deck(decode_deck(body), deck, book, catalog=catalog)


def _object(name: str, text: str | None, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_value(name, text, dict[str, str], {}, problems).items()))


def _value(name: str, text: str | None, kind: Any, otherwise: Any, problems: list[Problem]) -> Any:
    if text is None:
        return otherwise
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError):
        what = "an array of texts" if kind is list[str] else "an object of texts"
        problems.append(Problem(name, f"invalid_{name}", f"{name} must be {what} in JSON"))
        return otherwise
