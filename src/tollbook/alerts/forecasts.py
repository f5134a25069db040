"""The forecast that the notification of a monthly budget carries."""

from collections.abc import Iterator, Sequence

from tollbook.alerts.firing import Crossing
from tollbook.alerts.watched import WatchedTenant
from tollbook.analytics.daily_costs import daily_costs
from tollbook.analytics.outlook import first_needed, month_of, outlook
from tollbook.analytics.pace import MODEL_DAYS
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.triggers import ThresholdKind, TriggerPeriod
from tollbook.store.database import Snapshot
from tollbook.store.directory import organization_numbered

_Holder = tuple[int, str]


def with_forecasts(
    snapshot: Snapshot, watched: WatchedTenant, outcomes: Sequence[Crossing]
) -> Iterator[Crossing]:
    """Return outcomes, those of running monthly budgets with the expected cost of the month."""
    known: dict[_Holder, int] = {}
    for it in outcomes:
        if not _has_forecast(it):
            yield it
            continue
        holder = it.trigger.organization, it.trigger.user_id
        if holder not in known:
            known[holder] = _forecast(snapshot, watched.id, holder, it.at)
        yield it._replace(forecast=known[holder])


def _has_forecast(it: Crossing) -> bool:
    is_monthly = it.trigger.kind is ThresholdKind.BUDGET and it.span.period is TriggerPeriod.MONTH
    return is_monthly and it.organization is not None and it.span.end > it.at


def _forecast(snapshot: Snapshot, tenant: str, holder: _Holder, now: int) -> int:
    number, user = holder
    organization = organization_numbered(snapshot, tenant, number)
    scope = QuestionScope(tenant, organization, user or None, organization.currency)
    today = scope.today(now)
    costs = daily_costs(snapshot, scope, first_needed(today, MODEL_DAYS), month_of(today).end)
    return outlook(costs, today, ranged=False).forecast
