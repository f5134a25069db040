"""Price books over HTTP: list, read, load, publish."""

from collections.abc import Mapping
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from msgspec import UNSET
from starlette.responses import Response

from tollbook.administration.book_report import (
    BelowBuyRate,
    BookReport,
    UnreachableRate,
    book_report,
    load_report,
)
from tollbook.administration.price_books import books_of, load_book, publish_book
from tollbook.api.endpoints.price_book_bodies import (
    CSV,
    XLSX,
    YAML,
    media_type_of,
    read_book,
)
from tollbook.api.endpoints.price_book_queries import (
    BookPath,
    BookQuery,
    BooksQuery,
    LoadQuery,
    PublishQuery,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import DECK, PRICE_BOOK, PRICE_BOOK_YAML, RATE
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.request_body import read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.books import BookStatus, Listed, ShownBook, show_book
from tollbook.domain.errors import (
    AlreadyPublished,
    InvalidRequest,
    NotFound,
    PriceBookRefused,
    Problem,
    QueueFull,
    UnsupportedBody,
)
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.lost_prices import LostPrices
from tollbook.domain.periods import day_number
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.starting_later import LaterRate, find_later_rates
from tollbook.rating.books.unreachable import unreachable_rates
from tollbook.store import prices
from tollbook.store.database import Snapshot, Transaction

MOST_BYTES = {CSV: 32 * 1024 * 1024, XLSX: 32 * 1024 * 1024, YAML: 1024 * 1024}
"""Reading YAML takes a hundred times as long as reading a deck of the same size."""

_SEE = "read price books"
_WRITE = "load and publish price books"
_LONGEST_VERSION = 9


def list_price_books(call: ApiRequest[BooksQuery], snapshot: Snapshot) -> Response:
    """List the books that the key may see."""
    require_organization_key(call.key, _SEE)
    identity = call.query.organization_id
    number = None if identity is None else organization_of(snapshot, call.key, identity).number
    books = [
        show_book(it)
        for it in _visible(snapshot, call)
        if number is None or it.head.organization == number
    ]
    return json_response({"success": True, "price_books": books})


def get_price_book(call: ApiRequest[BookQuery, BookPath], snapshot: Snapshot) -> Response:
    """Return a book and a page of its rates."""
    require_organization_key(call.key, _SEE)
    found = _find(snapshot, call)
    limit, after = call.query.limit, call.query.after
    digits = _digits(call.query.to)
    rates = prices.price_book_rates(
        snapshot, call.tenant, found.head, after, limit + 1, digits=digits
    )
    page = rates[:limit]
    # Buying prices are for the platform only, not for its customers.
    with_buy = call.key.scope.organization_id is None
    return json_response(
        {
            "success": True,
            "price_book": show_book(found),
            "rates": [show_rate(rate, with_buy=with_buy) for rate in page],
            "next_after": page[-1].id if len(rates) > limit else None,
        }
    )


def _digits(to: str | None) -> str | None:
    """Return the digits of a number, or of the beginning of one, however it is written."""
    if to is None:
        return None
    digits = to.translate(_PUNCTUATION).removeprefix("00")
    if not digits.isascii() or not digits.isdigit():
        sentence = "to must be an international number or the beginning of one, such as +4420"
        raise InvalidRequest.of([Problem("to", "invalid_number", sentence)])
    return digits


async def post_price_book(request: AsyncRequest[LoadQuery]) -> Response:
    """Read a book and store it as the next version, published at once unless it is a draft."""
    services = request.services

    def authenticate(snapshot: Snapshot) -> ApiKey:
        key = request.authenticate(snapshot)
        require_tenant_key(key, _WRITE)
        return key

    def admit() -> None:
        with services.database.reading() as snapshot:
            authenticate(snapshot)

    def work(body: bytes, media_type: str, query: LoadQuery) -> Response:
        _, catalog = services.directory_cache.loaded_catalog(tenant)
        book = read_book(body, media_type, query, catalog)
        unreachable, later = unreachable_rates(book), find_later_rates(book)
        with services.database.writing() as transaction:
            key, named = authenticate(transaction), query.organization_id
            row = None if named is None else organization_of(transaction, key, named)
            by = request.actor(key)
            head = load_book(transaction, by, book, row, draft=query.draft)
            report = load_report(transaction, by.tenant, head, by.at, unreachable, later)
            return _answer(report, 201)

    await run_sync(admit)
    query = request.read_query()
    media_type = media_type_of(request.http)
    body = await read_bounded(request.http, MOST_BYTES[media_type])
    tenant = request.admission.key.scope.tenant_id
    if tenant in services.loading_tenants:
        raise QueueFull("another price book of this tenant is being loaded; try again soon")
    services.loading_tenants.add(tenant)
    try:
        return await run_sync(work, body, media_type, query, limiter=services.loading)
    finally:
        services.loading_tenants.discard(tenant)


def publish_price_book(
    call: ApiRequest[PublishQuery, BookPath], transaction: Transaction
) -> Response:
    """Publish a draft."""
    require_tenant_key(call.key, _WRITE)
    version = _find(transaction, call).head.version
    date = call.query.effective_from
    day = None if date is None else day_number(date)
    by = call.actor
    head = publish_book(transaction, by, version, day)
    return _answer(book_report(transaction, by.tenant, head, by.at))


def _answer(report: BookReport, status: int = 200) -> Response:
    fields = msgspec.structs.asdict(report)
    given = {name: value for name, value in fields.items() if value is not UNSET}
    return json_response({"success": True, **given}, status)


def _find(snapshot: Snapshot, call: ApiRequest[Query, BookPath]) -> Listed:
    """Return the book of the path; raise `NotFound` for one that the key may not see."""
    text = call.path.version
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_VERSION:
        for book in _visible(snapshot, call):
            if book.head.version == int(text):
                return book
    raise NotFound("Price book not found")


def _visible(snapshot: Snapshot, call: ApiRequest) -> list[Listed]:
    """Return the books of a key; for a key of an organization, published ones that price it."""
    books = books_of(snapshot, call.tenant, call.services.clock())
    bound = call.key.scope.organization_id
    return [
        it
        for it in books
        if bound is None
        or (it.head.organization_id in (None, bound) and it.status is not BookStatus.DRAFT)
    ]


_OF_BOOK = ("getPriceBook", "publishPriceBook")
_EXAMPLE = {"success": True, "price_book": PRICE_BOOK}
_REPORT: Mapping[str, Any] = {
    "price_book": ShownBook,
    "no_longer_priced": list[str],
    "lost_prices": list[LostPrices],
    "below_buy": list[BelowBuyRate],
    "below_buy_count": int,
    "without_buy_count": int,
    "retired_meters": list[str],
}
_REPORT_EXAMPLE = {
    **_EXAMPLE,
    "no_longer_priced": ["mms.inbound", "brand.registration"],
    "lost_prices": [
        {
            "currency": "USD",
            "meters": ["mms.inbound", "brand.registration"],
            "organizations": ["org_abc123"],
            "organizations_count": 1,
        }
    ],
    "below_buy": [
        {
            "rate_id": 12,
            "meter": "voice.call",
            "to": "+44",
            "from": "",
            "conditions": "",
            "tier": None,
            "quantity": 60,
            "cost": 0.009,
            "buy_cost": 0.0105,
        }
    ],
    "below_buy_count": 1,
    "without_buy_count": 240,
}
_ONE = Body(
    answer_schema("retired_meters", **_REPORT),
    _REPORT_EXAMPLE,
    links=leads(*_OF_BOOK, version="/price_book/version"),
)
_LOADED = Body(
    answer_schema(
        "retired_meters",
        **_REPORT,
        unreachable_rates=list[UnreachableRate],
        unreachable_rates_count=int,
        starts_later=list[LaterRate],
        starts_later_count=int,
    ),
    {
        **_REPORT_EXAMPLE,
        "unreachable_rates": [
            {
                "rate_id": 17,
                "rate": "voice.call; to.country GB",
                "covered_by": "prefixes_of_country",
            }
        ],
        "unreachable_rates_count": 1,
        "starts_later": [
            {
                "meter": "voice.call",
                "to": "4477",
                "from": "",
                "valid_from": "2024-03-01",
                "until_then": "44",
                "destination": "United Kingdom mobile",
            }
        ],
        "starts_later_count": 1,
    },
    links=_ONE.links,
)
_LOST = (
    "`no_longer_priced` names the meters that had a price in the book of the same currency before "
    "and have none in this one, `lost_prices` also the organizations: from its first day on, once "
    "it is published, their events are quarantined. `below_buy` lists the first 1,000 rates that "
    "sell a quantity for less than they buy it, with that of the largest loss; no book is refused "
    "for it. `without_buy_count` counts rates without a buy price if any rate has one."
)
_BODY = {
    "type": "string",
    "description": (
        "A deck in CSV or .xlsx, or a whole book in YAML; what they may hold is in the manual."
    ),
}
_PUNCTUATION = str.maketrans("", "", "+ -().")
_VISIBLE = (
    "A key of an organization sees the tenant's published books and its own, without what the "
    "platform buys for."
)

PRICE_BOOK_ENDPOINTS = (
    Endpoint(
        route="GET /v1/price-books",
        name="listPriceBooks",
        summary="List price books",
        description=(
            "By version. A `draft` prices nothing. A `published` book is in force from "
            "`effective_from` until the day before the next one of the same owner begins; then it "
            "is `superseded` and prices late events of its days only. `rules` is the version of "
            "the rules of charging that a book keeps from when it was loaded; the manual lists "
            f"what each version charges. {_VISIBLE}"
        ),
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(price_books=list[ShownBook]),
            {"success": True, "price_books": [PRICE_BOOK]},
            links=leads(*_OF_BOOK, version="/price_books/0/version"),
        ),
        read=list_price_books,
        tag="Prices",
    ),
    Endpoint(
        route="POST /v1/price-books",
        name="loadPriceBook",
        summary="Load a price book",
        description=(
            "A book in YAML, or a deck in CSV or .xlsx whose query says what its columns do not: "
            "`currency`, `name`, `effective_from` and `source` are required for it, and so are "
            "`meter` and `per` unless a `deck_format` states them. Up to 1 MiB of YAML, or 32 MiB "
            "of a deck. It is stored whole as the next version, or refused "
            "whole with every error and its line. It is published at once unless `draft=true`; "
            "once published it never changes. With `organization_id` it is a book of that "
            "organization's own, whose rates go before the tenant's one by one; its currency must "
            f"be the organization's. {_LOST} `unreachable_rates` has the first 100 rates that no "
            "event can reach, because other rates come first wherever they fit; `starts_later` has "
            "the first 100 prefixes whose price starts after the first day of the book, with the "
            "shorter prefix that applies until then. Needs a key of the whole tenant."
        ),
        permission=Permission.ADMIN,
        request=Body({"type": "string"}, PRICE_BOOK_YAML, (YAML, CSV, XLSX), examples={CSV: DECK}),
        answers={201: _LOADED},
        handle=post_price_book,
        errors=(PriceBookRefused, UnsupportedBody, QueueFull),
        tag="Prices",
    ),
    Endpoint(
        route="GET /v1/price-books/{version}",
        name="getPriceBook",
        summary="Get a price book",
        description=f"The book and a page of its rates, in the order they were loaded. {_VISIBLE}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(price_book=ShownBook, rates=list[ShownRate], next_after=int | None),
            {**_EXAMPLE, "rates": [RATE], "next_after": None},
            links=_ONE.links,
        ),
        read=get_price_book,
        tag="Prices",
    ),
    Endpoint(
        route="POST /v1/price-books/{version}/publish",
        name="publishPriceBook",
        summary="Publish a price book",
        description=(
            "A draft prices events from now on: those of its first day and later. It never changes "
            "from then on; publishing it again is a success from the same day and refused from "
            f"another. Events that are charged already stay as they are. {_LOST} Needs a key of "
            "the whole tenant."
        ),
        permission=Permission.ADMIN,
        answers=_ONE,
        write=publish_price_book,
        errors=(AlreadyPublished,),
        tag="Prices",
    ),
)
