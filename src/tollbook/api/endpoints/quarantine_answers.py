"""What runs over the quarantine and dry runs look like from outside, amounts as exact numbers."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, raw_amount, raw_quantity
from tollbook.domain.periods import day_of
from tollbook.domain.quarantine import (
    QuarantineAction,
    QuarantineRun,
    QuarantineRunStatus,
    WayOut,
    ways_out,
)
from tollbook.quarantine.dry_run import PlannedCharge, ReplayDryRun, SumKey
from tollbook.quarantine.runs import selection_details

MOST_SUMS = 1_000


class QuarantineRunAnswer(msgspec.Struct):
    """A run: what it does with which events, and its progress.

    `ids` are the first of the `ids_count` events that it selects by id. Of about `expected` events,
    it has looked at `events`: `released` were charged, `discarded` were discarded, and `remaining`
    stay in quarantine with the reason that applies now. `reason` states why a run stopped without a
    request.
    """

    id: int
    action: QuarantineAction
    status: QuarantineRunStatus
    organization_id: str | None
    codes: list[str] | None
    ids: list[str] | None
    ids_count: int | None
    type: str | None
    start_date: datetime | None
    end_date: datetime | None
    expected: int
    events: int
    released: int
    discarded: int
    remaining: int
    created_at: datetime
    created_by: str
    moved_at: datetime
    finished_at: datetime | None
    reason: str | None


class CodeCount(msgspec.Struct):
    """The selected events that have a code now, and how many of them would be charged."""

    code: str
    events: int
    released: int


class RemainingCount(msgspec.Struct):
    """The events that would stay in quarantine for a reason, and its ways out."""

    code: str
    events: int
    ways_out: tuple[WayOut, ...]


class CurrencyTotal(msgspec.Struct):
    """What all charges in a currency would add up to."""

    currency: str
    events: int
    cost: AmountJson


class ChargeSum(msgspec.Struct):
    """What the charges of an organization and a meter would add up to."""

    currency: str
    organization_id: str
    meter: str
    events: int
    cost: AmountJson


class ReplayedCharge(msgspec.Struct):
    """The charge that an event would have; `user_id` is null for usage at organization level."""

    organization_id: str
    id: str
    user_id: str | None
    meter: str
    day: date
    quantity: msgspec.Raw
    billed: msgspec.Raw
    currency: str
    cost: AmountJson


class ReplayDryRunAnswer(msgspec.Struct):
    """What a replay would do: counts by code, sums, and the first charges in its order.

    `codes` has the reasons that the events have now, `remaining_codes` those with which the others
    would stay. `sums` are those with the highest cost, of `sums_count`.
    """

    events: int
    released: int
    remaining: int
    codes: Sequence[CodeCount]
    remaining_codes: Sequence[RemainingCount]
    totals: Sequence[CurrencyTotal]
    sums: Sequence[ChargeSum]
    sums_count: int
    charges: Sequence[ReplayedCharge]


def quarantine_run_answer(run: QuarantineRun, catalog: Catalog) -> QuarantineRunAnswer:
    """Show a run."""
    return QuarantineRunAnswer(
        id=run.id,
        action=run.action,
        status=run.status,
        organization_id=run.organization_id,
        **selection_details(run.selection, catalog),
        expected=run.expected,
        events=run.events,
        released=run.released,
        discarded=run.discarded,
        remaining=run.remaining,
        created_at=instant_of(run.created_at),
        created_by=run.created_by,
        moved_at=instant_of(run.moved_at),
        finished_at=None if run.finished_at is None else instant_of(run.finished_at),
        reason=run.reason,
    )


def replay_dry_run_answer(result: ReplayDryRun) -> ReplayDryRunAnswer:
    """Show a dry run."""
    keys = sorted(result.costs, key=lambda key: (-result.costs[key], key))
    return ReplayDryRunAnswer(
        events=result.codes.total(),
        released=result.released.total(),
        remaining=result.remaining.total(),
        codes=[
            CodeCount(code, events, result.released[code])
            for code, events in sorted(result.codes.items())
        ],
        remaining_codes=[
            RemainingCount(code, events, ways_out(code))
            for code, events in sorted(result.remaining.items())
        ],
        totals=_totals(result),
        sums=[_sum(result, key) for key in keys[:MOST_SUMS]],
        sums_count=len(keys),
        charges=[_charge(it, result.catalog) for it in result.charges],
    )


def _totals(result: ReplayDryRun) -> list[CurrencyTotal]:
    totals: dict[str, tuple[int, int]] = {}
    for key, cost in result.costs.items():
        events, sum_ = totals.get(key.currency, (0, 0))
        totals[key.currency] = events + result.events[key], sum_ + cost
    return [
        CurrencyTotal(currency, events, raw_amount(cost))
        for currency, (events, cost) in sorted(totals.items())
    ]


def _sum(result: ReplayDryRun, key: SumKey) -> ChargeSum:
    meter = result.catalog.of_code(key.meter).type
    cost = raw_amount(result.costs[key])
    return ChargeSum(key.currency, key.organization_id, meter, result.events[key], cost)


def _charge(planned: PlannedCharge, catalog: Catalog) -> ReplayedCharge:
    return ReplayedCharge(
        organization_id=planned.organization_id,
        id=planned.id,
        user_id=planned.user_id or None,
        meter=catalog.of_code(planned.meter).type,
        day=day_of(planned.day),
        quantity=raw_quantity(planned.quantity),
        billed=raw_quantity(planned.billed),
        currency=planned.currency,
        cost=raw_amount(planned.cost),
    )
