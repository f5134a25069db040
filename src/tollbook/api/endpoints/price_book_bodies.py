"""The bodies of price books: YAML, or a deck in CSV whose terms are query parameters."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from tollbook.api.openapi.endpoint import Parameter, ParameterKind
from tollbook.domain.directory import LONGEST_NAME
from tollbook.domain.errors import InvalidRequest, PriceBookRefused, Problem, UnsupportedBody
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_csv import decode_deck
from tollbook.rating.books.deck_terms import FLAGS, TEXTS, BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book

YAML = "application/yaml"
CSV = "text/csv"
_REQUIRED = ("meter", "per", "currency", "name", "effective_from", "source")
_LONGEST_JSON = 4_000

DECK_PARAMETERS = (
    Parameter("meter", "CSV: what the deck prices.", example="voice.call", longest=50),
    Parameter("per", "CSV: what a price is for.", example="minute", longest=50),
    Parameter("currency", "CSV: the currency of its prices.", example="USD", longest=3),
    Parameter("name", "CSV: the book's name.", example="Carrier A", longest=LONGEST_NAME),
    Parameter("effective_from", "CSV: its first day.", ParameterKind.DATE, example="2024-02-01"),
    Parameter("source", "CSV: where it is from.", example="deck 7", longest=LONGEST_NAME),
    Parameter(
        "columns",
        "CSV: the headers of fields that are not known by name: a JSON object "
        'such as `{"price": "Rate USD"}`.',
        longest=_LONGEST_JSON,
    ),
    Parameter(
        "ignore",
        "CSV: the headers of columns to skip: a JSON array.",
        longest=_LONGEST_JSON,
    ),
    Parameter(
        "when",
        "CSV: conditions of every rate: a JSON object.",
        longest=_LONGEST_JSON,
    ),
    Parameter("inbound", "CSV: the prefixes are of `from`.", ParameterKind.BOOLEAN, default=False),
    Parameter(
        "dates",
        "CSV: the order of dates with slashes, `dmy` or `mdy`.",
        longest=3,
    ),
    Parameter(
        "decimal_comma", "CSV: prices are written 0,012.", ParameterKind.BOOLEAN, default=False
    ),
    Parameter(
        "increments",
        "CSV: the increments of all rows, without a column.",
        longest=50,
    ),
    Parameter("minimum", "CSV: the minimum, in seconds, likewise.", longest=50),
    Parameter(
        "grace",
        "CSV: the grace period, in seconds, likewise.",
        longest=50,
    ),
    Parameter("connect_fee", "CSV: the connect fee, likewise.", longest=50),
)


def media_type_of(request: Request) -> str:
    """Read what the body is; `UnsupportedBody` when it is neither YAML nor CSV."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("Content-Encoding must be absent")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (YAML, CSV):
        raise UnsupportedBody(f"Content-Type must be {YAML} or {CSV}")
    return given


def read_book(body: bytes, media_type: str, query: Mapping[str, Any]) -> PriceBook:
    """Read a book, or raise with every error in it."""
    if media_type == CSV:
        return _deck(body, query)
    given = [it.name for it in DECK_PARAMETERS if query[it.name]]
    if given:
        raise InvalidRequest.of(
            [Problem(it, "not_for_yaml", f"{it} is for decks in CSV, not for YAML") for it in given]
        )
    try:
        return parse_price_book(body.decode())
    except UnicodeDecodeError as error:
        raise PriceBookRefused(f"the price book is not UTF-8: {error.reason}") from error


def _deck(body: bytes, query: Mapping[str, Any]) -> PriceBook:
    problems = [
        Problem(name, "missing_parameter", f"{name} required")
        for name in _REQUIRED
        if query[name] is None
    ]
    columns = _object("columns", query["columns"], problems)
    when = _object("when", query["when"], problems)
    ignore = _value("ignore", query["ignore"], list[str], [], problems)
    if problems:
        raise InvalidRequest.of(problems)
    given: dict[str, Any] = {name: query[name] or "" for name in TEXTS}
    given |= {name: query[name] for name in FLAGS}
    deck = DeckTerms(columns=columns, when=when, ignore=tuple(ignore), **given)
    day = query["effective_from"].isoformat()
    book = BookTerms(query["name"], query["currency"], day, query["source"])
    return parse_deck(decode_deck(body), deck, book)


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
