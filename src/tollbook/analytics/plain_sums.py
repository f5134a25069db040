"""The sums of a period as they are stored, for answers beyond the documented figures.

The statements of the documented answers stay as they are, and as fast: purchase costs and billed
quantities are read by statements of their own, in the same snapshot.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from tollbook.analytics.margin import Purchases
from tollbook.analytics.period_cover import EDGES, OF_USER, month_by_month
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

_SUMS = ("count", "quantity", "billed", "cost", "buy", "bought", "bought_cost")
_LARGE = (1, 2, 3, 4, 6)
"""The sums that can pass 64 bits."""


class PlainSums(NamedTuple):
    """The sums of some usage: events, quantities in micros, and costs in nanos."""

    events: int = 0
    quantity: int = 0
    billed: int = 0
    cost: int = 0
    buy: int = 0
    bought: int = 0
    bought_cost: int = 0

    @property
    def purchases(self) -> Purchases:
        """Return the sums that a margin is computed from."""
        return Purchases(self.events, self.cost, self.buy, self.bought, self.bought_cost)

    def plus(self, other: "PlainSums") -> "PlainSums":
        """Return the sums of both usages."""
        return PlainSums(*map(sum, zip(self, other, strict=True)))


class SumsQuestion(NamedTuple):
    """Which sums to read: of users or organizations, and by what else.

    `key` is `user_id`, of one organization, or `organization_id`, of several. `by` is `meter`,
    `country`, both or neither.
    """

    key: str
    by: tuple[str, ...] = ()
    in_country: bool = False
    one_user: bool = False
    some_meters: bool = False


def read_sums(
    snapshot: Snapshot, question: SumsQuestion, parameters: Mapping[str, Any]
) -> dict[Any, dict[Any, PlainSums]]:
    """Read sums by key, and for each key by what else the question names.

    The inner key is a code or a country, both in a tuple, or None.
    """
    names = 1 + len(question.by)
    rows = snapshot.sums(
        plain_sums_sql(question),
        parameters,
        names + len(_SUMS),
        tuple(names + place for place in _LARGE),
    )
    found: dict[Any, dict[Any, PlainSums]] = {}
    for row in rows:
        found.setdefault(row[0], {})[_inner(row[1:names])] = PlainSums(*row[names:])
    return found


def _inner(names: Row) -> Any:
    return None if not names else names[0] if len(names) == 1 else tuple(names)


def added_sums(sums: Iterable[PlainSums]) -> PlainSums:
    """Return the sums of several usages."""
    return PlainSums(*map(sum, zip(PlainSums(), *sums, strict=True)))


@cache
def plain_sums_sql(question: SumsQuestion) -> str:
    """Return the statement that adds up a period."""
    by = ", ".join((question.key, *question.by))
    sums = ",\n    ".join(f"CAST(SUM({name}) AS BIGINT)" for name in _SUMS)
    daily = question.in_country or "country" in question.by
    cover = _days_sql(question, by) if daily else _cover_sql(question, by)
    if question.one_user:
        cover = month_by_month(cover)
    return f"""
SELECT
    {by},
    {sums}
FROM (
{cover}
) AS period_cover
GROUP BY {by}
"""


def _condition(question: SumsQuestion) -> str:
    """Return the condition on the rows of sums."""
    within = {
        "user_id": "organization_id = :organization",
        "organization_id": "organization_id IN :numbers",
    }[question.key]
    user = OF_USER if question.one_user else ""
    return within + user + (" AND meter IN :codes" if question.some_meters else "")


def _cover_sql(question: SumsQuestion, by: str) -> str:
    """Return the SQL of whole months and of the days of edge months, with their signs."""
    tables = "usage" if question.key == "user_id" else "organization"
    within = _condition(question)
    edges = "".join(
        f"""
    UNION ALL
    SELECT
        {by},
        {_signed(edge)}
    FROM {tables}_daily
    WHERE {within} AND month = :{edge}_month
        AND day BETWEEN :{edge}_start AND :{edge}_end
    GROUP BY {by}"""
        for edge in EDGES
    )
    return f"""\
    SELECT {by}, {", ".join(_SUMS)}
    FROM {tables}_monthly
    WHERE {within} AND month BETWEEN :first_month AND :last_month{edges}"""


def _signed(edge: str) -> str:
    """Return the SQL of an edge's sums. Only amounts are cast, so that large ones are divided."""
    return ",\n        ".join(f"CAST(SUM({name}) * :{edge}_sign AS BIGINT)" for name in _SUMS)


def _days_sql(question: SumsQuestion, by: str) -> str:
    """Return the SQL of the days of users, which are the only sums with a country."""
    country = "\n        AND country = :country" if question.in_country else ""
    return f"""\
    SELECT {by}, {", ".join(_SUMS)}
    FROM usage_daily
    WHERE {_condition(question)} AND month BETWEEN :start_month AND :end_month
        AND day BETWEEN :start_day AND :end_day{country}"""
