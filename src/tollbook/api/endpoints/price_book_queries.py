"""The queries and the path of price books."""

from typing import Annotated

from msgspec import Meta

from tollbook.api.endpoints.analytics.queries import OrganizationId
from tollbook.api.openapi.parameter_types import Day, Flag, about, text, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.domain.directory import LONGEST_NAME
from tollbook.domain.own_meters import LONGEST_TYPE

_Short = Annotated[str | None, text(50)]
_Type = Annotated[str | None, text(LONGEST_TYPE)]
_Name = Annotated[str | None, text(LONGEST_NAME)]
_Json = Annotated[str | None, text(4_000)]


class DeckQuery(Query, frozen=True, kw_only=True):
    """The query that says of a deck in CSV what its columns do not."""

    meter: Annotated[_Type, about("CSV: what the deck prices.", "voice.call")] = None
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
            "CSV: the headers of fields that are not known by name: a JSON object "
            'such as `{"price": "Rate USD"}`.'
        ),
    ] = None
    ignore: Annotated[_Json, about("CSV: the headers of columns to skip: a JSON array.")] = None
    when: Annotated[_Json, about("CSV: conditions of every rate: a JSON object.")] = None
    inbound: Annotated[Flag, about("CSV: the prefixes are of `from`.")] = False
    dates: Annotated[
        str | None,
        text(3),
        about("CSV: the order of dates with slashes, `dmy` or `mdy`."),
    ] = None
    decimal_comma: Annotated[Flag, about("CSV: prices are written 0,012.")] = False
    increments: Annotated[_Short, about("CSV: the increments of all rows, without a column.")] = (
        None
    )
    minimum: Annotated[_Short, about("CSV: the minimum, in seconds, likewise.")] = None
    grace: Annotated[_Short, about("CSV: the grace period, in seconds, likewise.")] = None
    connect_fee: Annotated[_Short, about("CSV: the connect fee, likewise.")] = None


class BooksQuery(Query, frozen=True, kw_only=True):
    """The query of a list of books."""

    organization_id: Annotated[
        OrganizationId | None, about("Only this organization's own books.")
    ] = None


class LoadQuery(DeckQuery, frozen=True, kw_only=True):
    """The query that loads a book."""

    draft: Annotated[Flag, about("Store it without pricing anything by it yet.", True)] = False
    organization_id: Annotated[OrganizationId | None, about("Whose own book it is to be.")] = None


class BookQuery(Query, frozen=True, kw_only=True):
    """The query of a book and a page of its rates."""

    limit: Annotated[int, whole_number(), about("Rates a page.", 100)] = 100
    to: Annotated[
        str | None,
        text(32),
        about(
            "Only rates that may be for this number, or for numbers that begin so: by their "
            "prefix, or without one.",
            "+4420",
        ),
    ] = None
    after: Annotated[
        int,
        whole_number(0, 999_999_999),
        about("Where to go on: the `next_after` of the page before.", 1000),
    ] = 0


class PublishQuery(Query, frozen=True, kw_only=True):
    """The query that publishes a draft."""

    effective_from: Annotated[
        Day | None,
        about("The first day it is in force; without it, the book's own.", "2024-02-01"),
    ] = None


class BookPath(Path, frozen=True, kw_only=True):
    """The path of a book."""

    version: Annotated[str, Meta(examples=["2"])]
