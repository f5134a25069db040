"""The answer with a page of events."""

from typing import Any

import msgspec

from tollbook.analytics.events import EventsQuestion, Page
from tollbook.analytics.partial_days import bound_text
from tollbook.domain.catalog import Catalog
from tollbook.domain.events import instant_text
from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.domain.periods import day_of


class EventLine(msgspec.Struct, frozen=True, gc=False):
    """An event of the ledger. A reversal has negative figures and names the event it reverses."""

    id: str
    type: str
    user_id: str | None
    resource_id: str | None
    time: str
    day: str
    quantity: msgspec.Raw
    billed_quantity: msgspec.Raw
    unit: str
    cost: AmountJson
    country: str | None
    attributes: dict[str, Any]
    received_at: str
    reverses: str | None
    corrects: str | None
    corrected_by: str | None
    buy_cost: AmountJson | msgspec.UnsetType | None = msgspec.UNSET
    margin: AmountJson | msgspec.UnsetType | None = msgspec.UNSET


class EventsReport(msgspec.Struct, frozen=True):
    """The answer; `next_cursor` is null on the last page."""

    success: bool
    organization_id: str
    period: dict[str, str]
    events: list[EventLine]
    next_cursor: str | None


def events_report(question: EventsQuestion, page: Page, next_cursor: str | None) -> EventsReport:
    """Return the answer with a page."""
    start, end = question.bounds
    return EventsReport(
        success=True,
        organization_id=question.organization.id,
        period={"start": bound_text(start), "end": bound_text(end)},
        events=[_line(question.catalog, *row) for row in page.rows],
        next_cursor=next_cursor,
    )


def _line(
    catalog: Catalog,
    identity: str,
    meter: int,
    user_id: str | None,
    resource_id: str | None,
    time: int,
    day: int,
    quantity: int,
    billed: int,
    _meter: int,
    cost: int,
    country: str | None,
    attributes: str,
    received_at: int,
    reverses: str | None,
    corrects: str | None,
    corrected_by: str | None,
    *margin: int | None,
) -> EventLine:
    buy_cost, difference = map(_amount, margin) if margin else (msgspec.UNSET, msgspec.UNSET)
    return EventLine(
        id=identity,
        type=catalog.of_code(meter).type,
        user_id=user_id,
        resource_id=resource_id,
        time=instant_text(time),
        day=day_of(day).isoformat(),
        quantity=raw_quantity(quantity),
        billed_quantity=raw_quantity(billed),
        unit=catalog.of_code(meter).unit,
        cost=raw_amount(cost),
        country=country,
        attributes=msgspec.json.decode(attributes) if attributes else {},
        received_at=instant_text(received_at),
        reverses=reverses,
        corrects=corrects,
        corrected_by=corrected_by,
        buy_cost=buy_cost,
        margin=difference,
    )


def _amount(nanos: int | None) -> msgspec.Raw | None:
    return None if nanos is None else raw_amount(nanos)
