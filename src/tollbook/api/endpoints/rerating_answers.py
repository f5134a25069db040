"""What rerating looks like from outside: requests, dry runs and runs, amounts as exact numbers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tollbook.administration.book_report import (
    BelowBuyRate,
    BelowBuyReport,
    below_buy_report,
)
from tollbook.administration.price_books import find_book
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, raw_amount
from tollbook.domain.lost_prices import LostPrices
from tollbook.domain.margin import Purchases, margin_of
from tollbook.domain.periods import day_of
from tollbook.domain.rerating import Bought, Costs, LeftAsItWas, RerateRange, Run, RunStatus
from tollbook.rerating.dry_run import Diff, DryRun
from tollbook.store.database import Snapshot

MOST_ROWS = 1_000
_Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
_Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class NewRerating(msgspec.Struct):
    """The body that charges a period again, in mind or, with `apply`, in the ledger.

    `limit` bounds the rows and the unpriced events that a dry run lists.
    """

    start_date: date
    end_date: date
    organization_id: str | None = None
    version: _Version | None = None
    apply: bool = False
    limit: _Limit = 100


class Total(msgspec.Struct):
    """What all events of a currency cost and would cost, and their margins.

    Amounts of purchases and margins are null when no buy price is known.
    """

    currency: str
    old_cost: AmountJson
    new_cost: AmountJson
    difference: AmountJson
    old_buy_cost: AmountJson | None
    new_buy_cost: AmountJson | None
    old_margin: AmountJson | None
    new_margin: AmountJson | None


class DiffRow(msgspec.Struct):
    """What the events of a user, a meter and a day cost and would cost.

    `user_id` is null for usage at organization level.
    """

    organization_id: str
    user_id: str | None
    meter: str
    day: date
    events: int
    old_cost: AmountJson
    new_cost: AmountJson
    difference: AmountJson


class UnpricedEvent(msgspec.Struct):
    """An event that has no price by these books, and keeps its charge."""

    organization_id: str
    id: str
    day: date
    code: str
    reason: str


class DryRunAnswer(msgspec.Struct):
    """What would change: sums of everything, the rows that differ most, events without a price.

    `below_buy` lists the rates that sell below their buy price, of the books that are in force in
    the period for the organizations with events in it, and of a named `version`.
    """

    events: int
    changed: int
    unpriced: int
    totals: Sequence[Total]
    differing_rows: int
    rows: Sequence[DiffRow]
    unpriced_events: Sequence[UnpricedEvent]
    lost_prices: Sequence[LostPrices]
    buy_changed: int
    below_buy: Sequence[BelowBuyRate]
    below_buy_count: int
    without_buy_count: int


class RunAnswer(msgspec.Struct):
    """A run: what was asked, where it stands, what has come of it so far.

    `events` have been charged again, of about `expected`; `changed` got another cost, `buy_changed`
    only another buy price, `restored` have the charge before back. `reason` says why a run stopped
    by itself.
    """

    id: int
    status: RunStatus
    start_date: date
    end_date: date
    organization_id: str | None
    version: int | None
    expected: int
    events: int
    changed: int
    unpriced: int
    restored: int
    totals: Sequence[Total]
    created_at: datetime
    created_by: str
    moved_at: datetime
    finished_at: datetime | None
    reason: str | None
    buy_changed: int


def dry_run_answer(result: DryRun, below_buy: BelowBuyReport) -> DryRunAnswer:
    """Show a dry run; `below_buy` is of the books that it applies."""
    return DryRunAnswer(
        events=result.events,
        changed=result.changed,
        unpriced=result.unpriced,
        totals=_totals(result.costs, result.purchases),
        differing_rows=result.differing,
        rows=[_row(it) for it in result.rows],
        unpriced_events=[unpriced_event(it) for it in result.left],
        lost_prices=result.lost_prices(),
        buy_changed=result.buy_changed,
        **msgspec.structs.asdict(below_buy),
    )


def run_answer(run: Run) -> RunAnswer:
    """Show a run."""
    return RunAnswer(
        id=run.id,
        status=run.status,
        start_date=day_of(run.span.first_day),
        end_date=day_of(run.span.last_day),
        organization_id=run.organization_id,
        version=run.span.version,
        expected=run.expected,
        events=run.events,
        changed=run.changed,
        unpriced=run.unpriced,
        restored=run.restored,
        totals=_totals(run.costs, run.purchases),
        created_at=instant_of(run.created_at),
        created_by=run.created_by,
        moved_at=instant_of(run.moved_at),
        finished_at=None if run.finished_at is None else instant_of(run.finished_at),
        reason=run.reason,
        buy_changed=run.buy_changed,
    )


def unpriced_event(it: LeftAsItWas) -> UnpricedEvent:
    """Show an event that has no price."""
    return UnpricedEvent(it.organization_id, it.id, day_of(it.day), it.code, it.reason)


def _totals(costs: Costs, purchases: Bought) -> list[Total]:
    unknown: list[msgspec.Raw | None] = [None] * 4
    return [
        Total(
            it,
            *_amounts(old, new),
            *(_margins(*purchases[it]) if it in purchases else unknown),
        )
        for it, (old, new) in sorted(costs.items())
    ]


def _margins(old: Purchases, new: Purchases) -> Iterator[msgspec.Raw | None]:
    """Yield both purchase costs, then both margins."""
    before, after = margin_of(old), margin_of(new)
    for nanos in (before.buy_cost, after.buy_cost, before.margin, after.margin):
        yield None if nanos is None else raw_amount(nanos)


def _row(it: Diff) -> DiffRow:
    day, user = day_of(it.day), it.user_id or None
    amounts = _amounts(it.old, it.new)
    return DiffRow(it.organization_id, user, it.meter, day, it.events, *amounts)


def _amounts(old: int, new: int) -> tuple[msgspec.Raw, msgspec.Raw, msgspec.Raw]:
    return raw_amount(old), raw_amount(new), raw_amount(new - old)


def below_buy_of(
    snapshot: Snapshot, tenant: str, span: RerateRange, result: DryRun
) -> BelowBuyReport:
    """Return the rates below their buy price of the books that a dry run applies."""
    books = list(result.books)
    if span.version is not None and all(it.version != span.version for it in books):
        books.append(find_book(snapshot, tenant, span.version))
    return below_buy_report(snapshot, tenant, books)
