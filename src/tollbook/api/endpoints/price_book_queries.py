"""The queries and the path of price books."""

from typing import Annotated

from msgspec import Meta

from tollbook.api.endpoints.amounts import AmountsForm, AmountsQuery
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
    """The query that says of a deck, in CSV or a workbook, what its columns do not."""

    meter: Annotated[_Type, about("Deck: what the deck prices.", "voice.call")] = None
    per: Annotated[_Short, about("Deck: what a price is for.", "minute")] = None
    currency: Annotated[str | None, text(3), about("Deck: the currency of its prices.", "USD")] = (
        None
    )
    name: Annotated[_Name, about("Deck: the book's name.", "Carrier A")] = None
    effective_from: Annotated[Day | None, about("Deck: its first day.", "2024-02-01")] = None
    source: Annotated[_Name, about("Deck: where it is from.", "deck 7")] = None
    columns: Annotated[
        _Json,
        about(
            "Deck: the headers of fields that are not known by name: a JSON object "
            'such as `{"price": "Rate USD"}`.'
        ),
    ] = None
    ignore: Annotated[_Json, about("Deck: the headers of columns to skip: a JSON array.")] = None
    when: Annotated[_Json, about("Deck: conditions of every rate: a JSON object.")] = None
    inbound: Annotated[Flag, about("Deck: the prefixes are of `from`.")] = False
    dates: Annotated[
        str | None,
        text(3),
        about("Deck: the order of dates with slashes, `dmy` or `mdy`."),
    ] = None
    decimal_comma: Annotated[Flag, about("Deck: prices are written 0,012.")] = False
    deck_format: Annotated[
        _Short, about("Deck: the platform whose layout it has, such as `twilio`.", "twilio")
    ] = None
    skip: Annotated[
        _Json,
        about(
            "Deck: rows to leave out: a JSON object of headers with a value or an array of them, "
            'such as `{"Status": ["Inactive"]}`.'
        ),
    ] = None
    only: Annotated[_Json, about("Deck: the only rows to read, as in `skip`.")] = None
    hours: Annotated[
        _Json,
        about(
            "Deck: columns with prices for hours: a JSON object such as "
            '`{"Peak": "mon-fri 08:00-20:00"}`.'
        ),
    ] = None
    prices: Annotated[
        _Json,
        about(
            "Deck: columns with prices for conditions: a JSON object such as "
            '`{"Interstate": {"jurisdiction": "inter"}}`.'
        ),
    ] = None
    header: Annotated[
        Annotated[str | None, text(1_000)],
        about("Deck: the names of the columns of a file without a header.", "name,prefix,price"),
    ] = None
    header_line: Annotated[_Short, about("Deck: the line of the header.", "5")] = None
    sheet: Annotated[_Short, about("Deck: the sheet of a workbook with several.")] = None
    access_codes: Annotated[
        _Json, about('Deck: digits dialed before prefixes: a JSON array such as `["00"]`.')
    ] = None
    zero: Annotated[
        _Json, about("Deck: the headers of columns that must be 0 or empty: a JSON array.")
    ] = None
    strict_grace: Annotated[Flag, about("Deck: calls shorter than the grace are free.")] = False
    unknown_origin: Annotated[
        Flag, about("Deck: rows without an origin also price calls with an unknown origin.")
    ] = False
    increments: Annotated[_Short, about("Deck: the increments of all rows, without a column.")] = (
        None
    )
    minimum: Annotated[_Short, about("Deck: the minimum, in seconds, likewise.")] = None
    grace: Annotated[_Short, about("Deck: the grace period, in seconds, likewise.")] = None
    included: Annotated[_Short, about("Deck: the included seconds, likewise.")] = None
    connect_fee: Annotated[_Short, about("Deck: the connect fee, likewise.")] = None


class BooksQuery(Query, frozen=True, kw_only=True):
    """The query of a list of books."""

    organization_id: Annotated[
        OrganizationId | None, about("Only this organization's own books.")
    ] = None


class LoadQuery(DeckQuery, frozen=True, kw_only=True):
    """The query that loads a book."""

    draft: Annotated[Flag, about("Store it without pricing anything by it yet.", True)] = False
    organization_id: Annotated[OrganizationId | None, about("Whose own book it is to be.")] = None
    amounts: AmountsForm = None


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


class PublishQuery(AmountsQuery, frozen=True, kw_only=True):
    """The query that publishes a draft."""

    effective_from: Annotated[
        Day | None,
        about("The first day it is in force; without it, the book's own.", "2024-02-01"),
    ] = None


class BookPath(Path, frozen=True, kw_only=True):
    """The path of a book."""

    version: Annotated[str, Meta(examples=["2"])]
