"""What all of a tenant used and what it cost: the question behind GET /v1/analytics/overview."""

from typing import NamedTuple

import msgspec

from tollbook.analytics.by_meter import AMOUNTS, COLUMNS, ByMeter
from tollbook.analytics.period_cover import days, legs
from tollbook.analytics.resources import KNOWLEDGE_BASES, bits
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.exact import MICROS, minutes_text, raw_amount, raw_quantity
from tollbook.domain.meters import Category
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot


class OverviewBreakdown(msgspec.Struct, frozen=True):
    """Costs by category, with the counts behind them; two costs are parts of `kb_cost`."""

    messaging_cost: msgspec.Raw
    voice_cost: msgspec.Raw
    api_request_cost: msgspec.Raw
    api_requests_count: int
    api_storage_cost: msgspec.Raw
    phone_rental_cost: msgspec.Raw
    phone_rental_count: int
    phone_purchase_cost: msgspec.Raw
    phone_purchase_count: int
    brand_registration_cost: msgspec.Raw
    brand_registration_count: int
    kb_cost: msgspec.Raw
    kb_monthly_cost: msgspec.Raw
    kb_usage_cost: msgspec.Raw
    kb_count: int
    kb_minutes: msgspec.Raw


class OverviewReport(msgspec.Struct, frozen=True):
    """The answer, in the documented field order."""

    success: bool
    tenant_id: str
    period: dict[str, str]
    total_sms_sent: int
    total_sms_received: int
    total_mms_sent: int
    total_mms_received: int
    total_voice_calls: int
    total_voice_seconds: msgspec.Raw
    total_cost: msgspec.Raw
    cost_breakdown: OverviewBreakdown
    organizations_count: int
    users_count: int


class Overview(NamedTuple):
    """The sums of a period, of how many organizations and users, with what cannot be added up."""

    sums: ByMeter
    knowledge_bases: int
    organizations: int
    users: int


def overview(snapshot: Snapshot, scope: QuestionScope, period: Period) -> Overview:
    """Read the sums of all organizations in scope, which have one currency."""
    numbers = [it.number for it in organizations_of(snapshot, scope)]
    bound = {"numbers": numbers, **days(period), **bits(period)}
    return Overview(
        ByMeter(snapshot.sums(OVERVIEW, bound, COLUMNS, AMOUNTS)),
        snapshot.table(KNOWLEDGE_BASES, bound, 1)[0][0],
        len(numbers),
        snapshot.table(USERS_OF_ALL, bound, 1)[0][0],
    )


def overview_report(scope: QuestionScope, period: Period, it: Overview) -> OverviewReport:
    """Write an overview as it is answered."""
    sums = it.sums
    return OverviewReport(
        True,
        scope.tenant,
        period.to_json(),
        sums["sms.outbound"].events,
        sums["sms.inbound"].events,
        sums["mms.outbound"].events,
        sums["mms.inbound"].events,
        sums["voice.call"].events,
        raw_quantity(sums["voice.call"].quantity),
        raw_amount(sums.total_cost()),
        _breakdown(sums, it.knowledge_bases),
        it.organizations,
        it.users,
    )


def _breakdown(sums: ByMeter, knowledge_bases: int) -> OverviewBreakdown:
    return OverviewBreakdown(
        raw_amount(sums.cost(Category.MESSAGING)),
        raw_amount(sums.cost(Category.VOICE)),
        raw_amount(sums.cost(Category.API_REQUEST)),
        sums["api.request"].quantity // MICROS,
        raw_amount(sums.cost(Category.API_STORAGE)),
        raw_amount(sums.cost(Category.PHONE_RENTAL)),
        sums["phone.rental"].events,
        raw_amount(sums.cost(Category.PHONE_PURCHASE)),
        sums["phone.purchase"].quantity // MICROS,
        raw_amount(sums.cost(Category.BRAND_REGISTRATION)),
        sums["brand.registration"].quantity // MICROS,
        raw_amount(sums.cost(Category.KNOWLEDGE_BASE)),
        raw_amount(sums["kb.rental"].cost),
        raw_amount(sums["kb.usage"].cost),
        knowledge_bases,
        msgspec.Raw(minutes_text(sums["kb.usage"].quantity)),
    )


def overview_table(it: Overview) -> Table:
    """Give an overview as a table of one row, its columns named as the fields of the answer."""
    return Table(_TABLE, [_row(it)])


def _row(it: Overview) -> tuple[int, ...]:
    sums = it.sums
    return (
        *(sums[kind].events for kind in _MESSAGES),
        sums["voice.call"].events,
        sums["voice.call"].quantity,
        sums.total_cost(),
        sums.cost(Category.MESSAGING),
        sums.cost(Category.VOICE),
        sums.cost(Category.API_REQUEST),
        sums["api.request"].quantity,
        sums.cost(Category.API_STORAGE),
        sums.cost(Category.PHONE_RENTAL),
        sums["phone.rental"].events,
        sums.cost(Category.PHONE_PURCHASE),
        sums["phone.purchase"].quantity,
        sums.cost(Category.BRAND_REGISTRATION),
        sums["brand.registration"].quantity,
        sums.cost(Category.KNOWLEDGE_BASE),
        sums["kb.rental"].cost,
        sums["kb.usage"].cost,
        it.knowledge_bases,
        sums["kb.usage"].quantity,
        it.organizations,
        it.users,
    )


_MESSAGES = ("sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound")
_KINDS = {
    "total_voice_seconds": ColumnKind.QUANTITY,
    "api_requests_count": ColumnKind.QUANTITY,
    "phone_purchase_count": ColumnKind.QUANTITY,
    "brand_registration_count": ColumnKind.QUANTITY,
    "kb_minutes": ColumnKind.MINUTES,
}
_DOCUMENTED = OverviewReport.__struct_fields__
_BREAKDOWN_AT = _DOCUMENTED.index("cost_breakdown")
_FIELDS = (
    *_DOCUMENTED[_DOCUMENTED.index("period") + 1 : _BREAKDOWN_AT],
    *OverviewBreakdown.__struct_fields__,
    *_DOCUMENTED[_BREAKDOWN_AT + 1 :],
)
_TABLE = tuple(
    Column(it, ColumnKind.AMOUNT if it.endswith("_cost") else _KINDS.get(it, ColumnKind.COUNT))
    for it in _FIELDS
)

OVERVIEW = f"""
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{legs("organization", "meter", "organization_id IN :numbers")}
) AS legs
GROUP BY meter
"""

USERS_OF_ALL = """
SELECT COUNT(*) FROM users WHERE organization_id IN :numbers
"""
