"""Who used what and what it cost, by user: the question behind GET /v1/analytics/users."""

from datetime import date
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.exact import MICROS, amount_text, minutes_text, quantity_text
from tollbook.domain.meters import BY_TYPE, Category, codes_of
from tollbook.domain.periods import Period, cover, day_number
from tollbook.store.database import Snapshot


class CostBreakdown(msgspec.Struct, frozen=True):
    """A user's costs by category, with the counts behind them. Amounts are exact JSON numbers."""

    messaging_cost: msgspec.Raw
    voice_cost: msgspec.Raw
    api_request_cost: msgspec.Raw
    api_requests_count: int
    api_storage_cost: msgspec.Raw
    phone_rental_cost: msgspec.Raw
    phone_rental_count: int
    phone_purchase_cost: msgspec.Raw
    phone_purchase_count: int
    kb_cost: msgspec.Raw
    kb_count: int
    kb_minutes: msgspec.Raw


class UserUsage(msgspec.Struct, frozen=True):
    """One user's usage and cost."""

    user_id: str
    user_name: str
    total_sms_sent: int
    total_sms_received: int
    total_mms_sent: int
    total_mms_received: int
    total_voice_calls: int
    total_voice_seconds: msgspec.Raw
    cost_breakdown: CostBreakdown
    total_cost: msgspec.Raw


class UsersReport(msgspec.Struct, frozen=True):
    """The answer, in the documented field order."""

    success: bool
    organization_id: str
    organization_name: str
    period: dict[str, str]
    users: list[UserUsage]


class UserRow(NamedTuple):
    """A user's sums: counts, quantities in micros, costs in nanos."""

    user_id: str
    user_name: str
    sms_sent: int
    sms_received: int
    mms_sent: int
    mms_received: int
    calls: int
    seconds: int
    requests: int
    rentals: int
    purchases: int
    kb_seconds: int
    messaging_cost: int
    voice_cost: int
    request_cost: int
    storage_cost: int
    rental_cost: int
    purchase_cost: int
    kb_cost: int
    knowledge_bases: int

    @property
    def total_cost(self) -> int:
        """Add up the seven costs of the breakdown."""
        return (
            self.messaging_cost
            + self.voice_cost
            + self.request_cost
            + self.storage_cost
            + self.rental_cost
            + self.purchase_cost
            + self.kb_cost
        )


def users_report(
    snapshot: Snapshot,
    number: int,
    organization_id: str,
    organization_name: str,
    period: Period,
    user_id: str | None = None,
) -> UsersReport:
    """Answer for all users of an organization, or for one; `number` is its own in the tables."""
    return UsersReport(
        True,
        organization_id,
        organization_name,
        {"start": period.start.isoformat(), "end": period.end.isoformat()},
        [_usage(row) for row in user_rows(snapshot, number, period, user_id)],
    )


def user_rows(
    snapshot: Snapshot, number: int, period: Period, user_id: str | None = None
) -> list[UserRow]:
    """Read the sums of every user, those without usage with zeros, the highest cost first."""
    sql = USERS if user_id is None else ONE_USER
    bound = parameters(number, period) | ({} if user_id is None else {"user": user_id})
    counted = _knowledge_bases(snapshot, number, period, user_id)
    width = len(UserRow._fields) - 1
    rows = [
        UserRow._make((*row, counted.get(row[0], 0))) for row in snapshot.table(sql, bound, width)
    ]
    rows.sort(key=lambda row: (-row.total_cost, row.user_id))
    return rows


def _usage(row: UserRow) -> UserUsage:
    breakdown = CostBreakdown(
        _amount(row.messaging_cost),
        _amount(row.voice_cost),
        _amount(row.request_cost),
        row.requests // MICROS,
        _amount(row.storage_cost),
        _amount(row.rental_cost),
        row.rentals,
        _amount(row.purchase_cost),
        row.purchases // MICROS,
        _amount(row.kb_cost),
        row.knowledge_bases,
        msgspec.Raw(minutes_text(row.kb_seconds)) if row.kb_seconds else _NO_MINUTES,
    )
    return UserUsage(
        row.user_id,
        row.user_name,
        row.sms_sent,
        row.sms_received,
        row.mms_sent,
        row.mms_received,
        row.calls,
        msgspec.Raw(quantity_text(row.seconds)),
        breakdown,
        _amount(row.total_cost),
    )


def _amount(nanos: int) -> msgspec.Raw:
    return msgspec.Raw(amount_text(nanos)) if nanos else _NOTHING


_NOTHING = msgspec.Raw(amount_text(0))
_NO_MINUTES = msgspec.Raw(minutes_text(0))


def _knowledge_bases(
    snapshot: Snapshot, number: int, period: Period, user_id: str | None
) -> dict[str, int]:
    """Count the distinct knowledge bases that each user had or used."""
    parameters = _days(number, period.start, period.end)
    if user_id is None:
        return dict(snapshot.table(KNOWLEDGE_BASES, parameters, 2))
    return dict(snapshot.table(ONE_USERS_KNOWLEDGE_BASES, parameters | {"user": user_id}, 2))


def _days(number: int, start: date, end: date) -> dict[str, Any]:
    first, last = day_number(start), day_number(end)
    return {
        "organization": number,
        "first_month": first // 100,
        "last_month": last // 100,
        "first_day": first,
        "last_day": last,
    }


def parameters(number: int, period: Period) -> dict[str, Any]:
    """Give the arguments of the statement for a period."""
    covered = cover(period)
    head, tail = covered.edges
    return {
        "organization": number,
        "first_month": covered.first_month,
        "last_month": covered.last_month,
        "head_month": head.month,
        "head_first": head.first_day,
        "head_last": head.last_day,
        "head_sign": head.sign,
        "tail_month": tail.month,
        "tail_first": tail.first_day,
        "tail_last": tail.last_day,
        "tail_sign": tail.sign,
    }


def _count(meter: str) -> str:
    return f"SUM(CASE WHEN meter = {BY_TYPE[meter].code} THEN count ELSE 0 END)"


def _quantity(meter: str) -> str:
    return f"SUM(CASE WHEN meter = {BY_TYPE[meter].code} THEN quantity ELSE 0 END)"


def _cost(category: Category) -> str:
    codes = ", ".join(str(code) for code in codes_of(category))
    return f"SUM(CASE WHEN meter IN ({codes}) THEN cost ELSE 0 END)"


_SUMS = {
    "sms_sent": _count("sms.outbound"),
    "sms_received": _count("sms.inbound"),
    "mms_sent": _count("mms.outbound"),
    "mms_received": _count("mms.inbound"),
    "calls": _count("voice.call"),
    "seconds": _quantity("voice.call"),
    "requests": _quantity("api.request"),
    "rentals": _count("phone.rental"),
    "purchases": _quantity("phone.purchase"),
    "kb_seconds": _quantity("kb.usage"),
    "messaging_cost": _cost(Category.MESSAGING),
    "voice_cost": _cost(Category.VOICE),
    "request_cost": _cost(Category.API_REQUEST),
    "storage_cost": _cost(Category.API_STORAGE),
    "rental_cost": _cost(Category.PHONE_RENTAL),
    "purchase_cost": _cost(Category.PHONE_PURCHASE),
    "kb_cost": _cost(Category.KNOWLEDGE_BASE),
}


def _users_sql(one_user: bool) -> str:
    """Write the statement: whole months, and the days of two edge months added or taken off."""
    of_user = " AND user_id = :user" if one_user else ""
    sums = ",\n        ".join(f"CAST({sql} AS BIGINT) AS {name}" for name, sql in _SUMS.items())
    sums_or_zeros = ",\n    ".join(f"COALESCE(usage.{name}, 0)" for name in _SUMS)
    edges = "\n        UNION ALL\n".join(
        f"""\
        SELECT user_id, meter, count * :{edge}_sign, quantity * :{edge}_sign, cost * :{edge}_sign
        FROM usage_daily
        WHERE organization_id = :organization AND month = :{edge}_month{of_user}
            AND day BETWEEN :{edge}_first AND :{edge}_last"""
        for edge in ("head", "tail")
    )
    return f"""
SELECT
    users.id, users.name,
    {sums_or_zeros}
FROM users
LEFT JOIN (
    SELECT
        user_id,
        {sums}
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month{of_user}
        UNION ALL
{edges}
    ) AS legs
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
WHERE users.organization_id = :organization{of_user.replace("user_id", "users.id")}
"""


def _knowledge_bases_sql(one_user: bool) -> str:
    codes = ", ".join(str(code) for code in codes_of(Category.KNOWLEDGE_BASE))
    of_user = " AND user_id = :user" if one_user else ""
    return f"""
SELECT user_id, COUNT(DISTINCT resource_id)
FROM resources_daily
WHERE organization_id = :organization AND month BETWEEN :first_month AND :last_month{of_user}
    AND day BETWEEN :first_day AND :last_day AND meter IN ({codes})
GROUP BY user_id
"""


USERS = _users_sql(one_user=False)
ONE_USER = _users_sql(one_user=True)
KNOWLEDGE_BASES = _knowledge_bases_sql(one_user=False)
ONE_USERS_KNOWLEDGE_BASES = _knowledge_bases_sql(one_user=True)
