"""The bodies of price books: YAML, or a deck whose terms are query parameters."""

from typing import Any

import msgspec
from starlette.requests import Request

from tollbook.api.endpoints.price_book_queries import DeckQuery
from tollbook.domain.catalog import Catalog
from tollbook.domain.errors import PriceBookRefused, Problem, UnsupportedBody, refuse
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import open_deck
from tollbook.rating.books.deck_mapping import NAMES, join_layers, read_format
from tollbook.rating.books.deck_terms import LISTS, PAIRS, SELECTIONS, BookTerms
from tollbook.rating.books.yaml_book import parse_price_book

YAML = "application/yaml"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DECKS = (CSV, XLSX)
MOST_TOKENS = 500_000
"""The most tokens of a YAML body: a book of 1 MiB has fewer, unless it is nonsense."""
_REQUIRED = ("meter", "per", "currency", "name", "effective_from", "source")


def media_type_of(request: Request) -> str:
    """Return the media type of the body; `UnsupportedBody` for any other."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("Content-Encoding must be absent")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (YAML, *DECKS):
        raise UnsupportedBody(f"Content-Type must be {YAML} or {CSV} or {XLSX}")
    return given


def read_book(body: bytes, media_type: str, query: DeckQuery, catalog: Catalog) -> PriceBook:
    """Return the book in a body by a catalog of meters, or raise with every error in it."""
    if media_type in DECKS:
        return _deck(body, query, catalog)
    for_decks = [name for name in DeckQuery.__struct_fields__ if getattr(query, name)]
    refuse(
        [Problem(name, "not_for_yaml", f"{name} is for decks, not for YAML") for name in for_decks]
    )
    try:
        return parse_price_book(body.decode(), most_tokens=MOST_TOKENS, catalog=catalog)
    except UnicodeDecodeError as error:
        raise PriceBookRefused(f"the price book is not UTF-8: {error.reason}") from error


def _deck(body: bytes, query: DeckQuery, catalog: Catalog) -> PriceBook:
    unreadable: list[Problem] = []
    layers = [read_format(query.deck_format)] if query.deck_format else []
    terms = join_layers([*layers, _stated_terms(query, unreadable)])
    given = {name: getattr(query, name) for name in _REQUIRED} | {
        name: getattr(terms, name) for name in ("meter", "per")
    }
    problems = [
        Problem(name, "missing_parameter", f"{name} required")
        for name, value in given.items()
        if not value
    ]
    refuse([*problems, *unreadable])
    book = BookTerms(
        query.name or "", query.currency or "", str(query.effective_from), query.source or ""
    )
    return parse_deck(open_deck(body, terms.sheet), terms, book, catalog=catalog)


def _stated_terms(query: DeckQuery, problems: list[Problem]) -> dict[str, Any]:
    """Return the terms that the query states."""
    kinds = {
        **dict.fromkeys(PAIRS, (dict[str, str], "an object of texts")),
        **dict.fromkeys(LISTS, (list[str], "an array of texts")),
        **dict.fromkeys(SELECTIONS, (dict[str, str | list[str]], "an object of texts or arrays")),
        "prices": (dict[str, dict[str, str]], "an object of objects of texts"),
    }
    found: dict[str, Any] = {}
    for name in NAMES:
        value = getattr(query, name)
        if name in kinds and value is not None:
            value = _frozen(_value(name, value, *kinds[name], problems))
        if value:
            found[name] = value
    for name in SELECTIONS:
        if name in found:
            found[name] = tuple((header, _as_values(it)) for header, it in found[name])
    return found


def _value(name: str, text: str, kind: Any, what: str, problems: list[Problem]) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError):
        problems.append(Problem(name, f"invalid_{name}", f"{name} must be {what} in JSON"))
        return None


def _frozen(value: Any) -> Any:
    """Return a value of JSON as terms have it: objects as pairs, arrays as tuples."""
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(it)) for name, it in value.items()))
    return tuple(value) if isinstance(value, list) else value


def _as_values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
