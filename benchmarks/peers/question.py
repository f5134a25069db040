"""The question of GET /v1/analytics/users as SQL over raw events, for any engine."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

MICROS, NANOS = 10**6, 10**9

_COUNTS = {
    "total_sms_sent": "sms.outbound",
    "total_sms_received": "sms.inbound",
    "total_mms_sent": "mms.outbound",
    "total_voice_calls": "voice.call",
    "phone_rental_count": "phone.rental",
}
_QUANTITIES = {"total_voice_seconds": "voice.call", "api_requests_count": "api.request"}
_COSTS = {
    "messaging_cost": ("sms.outbound", "sms.inbound", "mms.outbound"),
    "voice_cost": ("voice.call",),
    "api_request_cost": ("api.request",),
    "api_storage_cost": ("api.storage",),
    "phone_rental_cost": ("phone.rental",),
}
FIGURES = (*_COUNTS, *_QUANTITIES, *_COSTS, "total_cost")
"""The fields of a user in the answer, in the order of the statement's columns."""

_UNITS = (1,) * len(_COUNTS) + (MICROS,) * len(_QUANTITIES) + (NANOS,) * (len(_COSTS) + 1)

Answer = dict[str, tuple[Decimal, ...]]
"""The exact figures of each user, in the order of `FIGURES`."""


def sums() -> list[str]:
    """Return the expressions of the figures; a user without such events has 0."""
    counted = [f"COUNT(*) FILTER (WHERE meter = '{it}')" for it in _COUNTS.values()]
    added = [_sum("quantity", (it,)) for it in _QUANTITIES.values()]
    costs = [_sum("cost", it) for it in _COSTS.values()]
    return [*counted, *added, *costs, "CAST(SUM(cost) AS BIGINT)"]


def _sum(column: str, meters: Iterable[str]) -> str:
    listed = ", ".join(f"'{it}'" for it in meters)
    return f"CAST(COALESCE(SUM({column}) FILTER (WHERE meter IN ({listed})), 0) AS BIGINT)"


def statement(first_day: str, last_day: str, organization: str = "1") -> str:
    """Return the statement with its values written out: each driver has its own parameters."""
    return (
        f"SELECT user_id, {', '.join(sums())} FROM events "
        f"WHERE organization = {organization} AND day BETWEEN '{first_day}' AND '{last_day}' "
        "GROUP BY user_id"
    )


def answer_of_rows(rows: Iterable[Sequence[Any]]) -> Answer:
    """Return the rows of the statement as exact figures, in whole units."""
    return {
        user: tuple(Decimal(it) / unit for it, unit in zip(sums, _UNITS, strict=True))
        for user, *sums in rows
    }


def answer_of_report(users: Iterable[Mapping[str, Any]]) -> Answer:
    """Return the users of an answer, read with `parse_float=Decimal`, who have any usage."""
    found = {}
    for user in users:
        fields = {**user, **user["cost_breakdown"]}
        figures = tuple(Decimal(fields[it]) for it in FIGURES)
        if any(figures):
            found[user["user_id"]] = figures
    return found
