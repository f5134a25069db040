"""The bodies of price books: YAML, or a deck in CSV of which the query says the rest."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from tollbook.api.openapi.parameter_types import Day, Flag, about, text
from tollbook.api.openapi.parameters import Query
from tollbook.domain.directory import LONGEST_NAME
from tollbook.domain.errors import PriceBookRefused, Problem, UnsupportedBody, refuse
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_csv import text_of
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book

YAML = "application/yaml"
CSV = "text/csv"
_REQUIRED = ("meter", "per", "currency", "name", "effective_from", "source")

_Short = Annotated[str | None, text(50)]
_Name = Annotated[str | None, text(LONGEST_NAME)]
_Json = Annotated[str | None, text(4_000)]


class DeckQuery(Query, frozen=True, kw_only=True):
    """The query that says of a deck in CSV what its columns do not."""

    meter: Annotated[_Short, about("CSV: what the deck prices.", "voice.call")] = None
    per: Annotated[_Short, about("CSV: what a price is for.", "minute")] = None
    currency: Annotated[str | None, text(3), about("CSV: the currency of its prices.", "USD")] = (
        None
    )
    name: Annotated[_Name, about("CSV: the book's name.", "Carrier A")] = None
    effective_from: Annotated[Day | None, about("CSV: its first day.", "2024-02-01")] = None
    source: Annotated[_Name, about("CSV: where it is from.", "deck 7")] = None
    columns: Annotated[
        _Json,
        about(
            "CSV: the headers of fields, where they are not known by name: a JSON object "
            'such as `{"price": "Rate USD"}`.'
        ),
    ] = None
    ignore: Annotated[_Json, about("CSV: headers of columns that mean nothing: a JSON array.")] = (
        None
    )
    when: Annotated[_Json, about("CSV: conditions of every rate: a JSON object.")] = None
    inbound: Annotated[Flag, about("CSV: the prefixes are of `from`.")] = False
    dates: Annotated[
        str | None,
        text(3),
        about("CSV: what comes first in dates with slashes, `dmy` or `mdy`."),
    ] = None
    decimal_comma: Annotated[Flag, about("CSV: prices are written 0,012.")] = False
    increments: Annotated[
        _Short, about("CSV: increments of all rows, where no column has them.")
    ] = None
    minimum: Annotated[_Short, about("CSV: the same of the minimum, in seconds.")] = None
    grace: Annotated[_Short, about("CSV: the same of the grace period, in seconds.")] = None
    connect_fee: Annotated[_Short, about("CSV: the same of the connect fee.")] = None


def media_type_of(request: Request) -> str:
    """Return the media type of the body; `UnsupportedBody` for neither YAML nor CSV."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("Content-Encoding must be absent")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (YAML, CSV):
        raise UnsupportedBody(f"Content-Type must be {YAML} or {CSV}")
    return given


def read_book(body: bytes, media_type: str, query: DeckQuery) -> PriceBook:
    """Return the book in a body, or raise with every error in it."""
    if media_type == CSV:
        return _deck(body, query)
    for_decks = [name for name in DeckQuery.__struct_fields__ if getattr(query, name)]
    refuse(
        [
            Problem(name, "not_for_yaml", f"{name} is for decks in CSV; YAML says it itself")
            for name in for_decks
        ]
    )
    try:
        return parse_price_book(body.decode())
    except UnicodeDecodeError as error:
        raise PriceBookRefused(f"the price book is not UTF-8: {error.reason}") from error


def _deck(body: bytes, query: DeckQuery) -> PriceBook:
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
    return parse_deck(text_of(body), deck, book)


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
