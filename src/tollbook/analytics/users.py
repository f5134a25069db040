"""Who used what and what it cost, by user: the question behind GET /v1/analytics/users."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from tollbook.analytics.period_cover import SUMS, among, amounts, days, legs
from tollbook.analytics.slices import Group
from tollbook.domain.exact import MICROS, amount_text, minutes_text, quantity_text, raw_amount
from tollbook.domain.meters import Category, codes_of
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row


class CostBreakdown(msgspec.Struct, frozen=True, gc=False):
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


class UserUsage(msgspec.Struct, frozen=True, gc=False):
    """One user's usage and cost; `groups` are there when they are asked for."""

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
    groups: list[Group] | msgspec.UnsetType = msgspec.UNSET


class UsersReport(msgspec.Struct, frozen=True):
    """The answer, in the documented field order."""

    success: bool
    organization_id: str
    organization_name: str
    period: dict[str, str]
    users: list[UserUsage]


class UserRow(NamedTuple):
    """A user's sums: counts, quantities in micros, costs in nanos; the total is of the seven."""

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
    total_cost: int


COSTS = slice(UserRow._fields.index("messaging_cost"), UserRow._fields.index("kb_cost") + 1)
COLUMNS = len(UserRow._fields) - 1
"""The statement gives all but the total."""
AMOUNTS = amounts(UserRow._fields[:COLUMNS])
"""The places of quantities and costs."""


def users_report(
    snapshot: Snapshot,
    number: int,
    organization_id: str,
    organization_name: str,
    period: Period,
    user_id: str | None = None,
) -> UsersReport:
    """Answer for all users of an organization, or for one; `number` is its own in the tables."""
    rows = read_rows(snapshot, number, period, user_id)
    return report_of(organization_id, organization_name, period, usages(rows))


def report_of(
    organization_id: str, organization_name: str, period: Period, users: list[UserUsage]
) -> UsersReport:
    """Put users under the question as it was understood."""
    return UsersReport(True, organization_id, organization_name, period.to_json(), users)


def user_rows(
    snapshot: Snapshot, number: int, period: Period, user_id: str | None = None
) -> list[UserRow]:
    """Read the sums of every user, those without usage with zeros, the highest cost first."""
    return list(map(UserRow._make, read_rows(snapshot, number, period, user_id)))


def read_rows(snapshot: Snapshot, number: int, period: Period, user_id: str | None) -> list[Row]:
    """Read what `UserRow` names, as plain tuples: naming them takes as long as sorting."""
    bound = parameters(number, period)
    if user_id is None:
        read = snapshot.sums(USERS, bound, COLUMNS, AMOUNTS)
    else:
        read = snapshot.sums(ONE_USER, bound | {"user": user_id}, COLUMNS, AMOUNTS)
    rows = [(*row, sum(row[COSTS])) for row in read]
    rows.sort(key=_user_id)
    rows.sort(key=_total_cost, reverse=True)
    return rows


_user_id = itemgetter(UserRow._fields.index("user_id"))
_total_cost = itemgetter(UserRow._fields.index("total_cost"))


class _Written(dict[int, msgspec.Raw]):
    """Numbers as JSON, each written when first asked for: most of an answer's repeat.

    Totals seldom do, and are written without this.
    """

    def __init__(self, write: Callable[[int], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, number: int) -> msgspec.Raw:
        text = self[number] = msgspec.Raw(self._write(number))
        return text


def usages(rows: list[Row]) -> list[UserUsage]:
    """Write rows, in the order of `UserRow`, as they are answered."""
    amounts = _Written(amount_text)
    quantities = _Written(quantity_text)
    minutes = _Written(minutes_text)
    return [_usage(row, amounts, quantities, minutes) for row in rows]


def _usage(row: Row, amounts: _Written, quantities: _Written, minutes: _Written) -> UserUsage:
    """Write one row. By position throughout: it runs for every user of every answer."""
    (
        user_id,
        user_name,
        sms_sent,
        sms_received,
        mms_sent,
        mms_received,
        calls,
        seconds,
        requests,
        rentals,
        purchases,
        kb_seconds,
        messaging_cost,
        voice_cost,
        request_cost,
        storage_cost,
        rental_cost,
        purchase_cost,
        kb_cost,
        knowledge_bases,
        total_cost,
    ) = row
    breakdown = CostBreakdown(
        amounts[messaging_cost],
        amounts[voice_cost],
        amounts[request_cost],
        requests // MICROS,
        amounts[storage_cost],
        amounts[rental_cost],
        rentals,
        amounts[purchase_cost],
        purchases // MICROS,
        amounts[kb_cost],
        knowledge_bases,
        minutes[kb_seconds],
    )
    return UserUsage(
        user_id,
        user_name,
        sms_sent,
        sms_received,
        mms_sent,
        mms_received,
        calls,
        quantities[seconds],
        breakdown,
        raw_amount(total_cost),
    )


def parameters(number: int, period: Period) -> dict[str, Any]:
    """Give the arguments of the statement for a period."""
    return {"organization": number, **days(period)}


_SUMS = {name: SUMS[name] for name in UserRow._fields if name in SUMS}


def users_sql(both: str, bases: str, of_user: str, sums: Mapping[str, str], last: str = "") -> str:
    """Write the statement: every user with the sums of both legs and with knowledge bases.

    `sums` are taken besides those that are answered, for `last`, more columns at the end.
    """
    taken = ",\n        ".join(
        f"CAST({sql} AS BIGINT) AS {name}" for name, sql in {**_SUMS, **sums}.items()
    )
    sums_or_zeros = ",\n    ".join(f"COALESCE(usage.{name}, 0)" for name in _SUMS)
    return f"""
SELECT
    users.id, users.name,
    {sums_or_zeros},
    COALESCE(bases.knowledge_bases, 0){last}
FROM users
LEFT JOIN (
    SELECT
        user_id,
        {taken}
    FROM (
{both}
    ) AS legs
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
{bases}
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization{of_user.replace("user_id", "users.id")}
"""


def covering_legs(condition: str) -> str:
    """Write the sums of users that cover a period, of the rows that meet a condition."""
    return legs("usage", "user_id, meter", "organization_id = :organization", condition)


def knowledge_bases_sql(condition: str) -> str:
    """Write the count of distinct knowledge bases; made distinct first, for that is faster.

    A day on which all events of one were reversed is kept with a count of 0.
    """
    return f"""\
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month{condition}
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter {among(codes_of(Category.KNOWLEDGE_BASE))}
    ) AS seen
    GROUP BY user_id"""


OF_USER = " AND user_id = :user"
USERS = users_sql(covering_legs(""), knowledge_bases_sql(""), "", {})
ONE_USER = users_sql(covering_legs(OF_USER), knowledge_bases_sql(OF_USER), OF_USER, {})
