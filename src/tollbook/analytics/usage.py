"""Segments and seconds of one organization or user: behind GET /v1/analytics/usage."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.by_meter import AMOUNTS, COLUMNS, ByMeter
from tollbook.analytics.partial_days import NO_DAYS, Between, SplitDays, split
from tollbook.analytics.period_cover import (
    OF_USER,
    month_by_month,
    period_cover_sql,
    period_parameters,
    user_parameters,
)
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.domain.directory import User, zone
from tollbook.domain.errors import EventArchived
from tollbook.domain.exact import MICROS, raw_quantity
from tollbook.domain.periods import day_of
from tollbook.store import archive_files
from tollbook.store.database import Snapshot
from tollbook.store.engine import by_index


class Segments(msgspec.Struct, frozen=True):
    """Segments of messages, not messages."""

    outbound: int
    inbound: int
    total: int


class Seconds(msgspec.Struct, frozen=True):
    """Seconds of calls, with those of knowledge bases separate."""

    seconds: msgspec.Raw
    kb_seconds: msgspec.Raw
    total_seconds: msgspec.Raw


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The usage of one organization or one user.

    `period` is `all_time`, or the requested bounds; a missing bound is null.
    """

    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    user_email: str | UnsetType | None = UNSET
    sms: Segments | UnsetType = UNSET
    mms: Segments | UnsetType = UNSET
    voice: Seconds | UnsetType = UNSET
    period: str | dict[str, str | None] | UnsetType = UNSET


class UsageReport(msgspec.Struct, frozen=True):
    """The answer, in the documented field order."""

    success: bool
    usage: Usage


def usage_sums(snapshot: Snapshot, scope: QuestionScope, split_days: SplitDays) -> ByMeter:
    """Read the sums of an organization or of one of its users between two instants."""
    assert scope.number is not None  # noqa: S101  a question about usage is always one's
    _refuse_parts_of_archived_days(snapshot, scope.number, split_days)
    bound = parameters(scope, split_days)
    sql = ORGANIZATION if scope.user_id is None else USER
    return ByMeter(snapshot.sums(sql, bound, COLUMNS, AMOUNTS))


def _refuse_parts_of_archived_days(snapshot: Snapshot, number: int, split_days: SplitDays) -> None:
    """Raise `EventArchived` for parts of archived days, of which only sums by hour are known."""
    for part in split_days.parts:
        if part.day and archive_files.files_of(snapshot, number, part.day // 100):
            raise EventArchived(
                f"events of {day_of(part.day)} are archived: use whole days of the organization's "
                "time zone"
            )


def split_of(scope: QuestionScope, between: Between) -> SplitDays:
    """Divide the time between two bounds into days of the organization's zone."""
    return split(between, zone(scope.timezone))


def usage_report(
    scope: QuestionScope, user: User | None, between: Between, sums: ByMeter
) -> UsageReport:
    """Return the answer with these sums."""
    identity: dict[str, Any]
    if user is not None:
        identity = {"user_id": user.id, "user_name": user.name, "user_email": user.email}
    else:
        assert scope.organization  # noqa: S101  without a user there is one
        organization = scope.organization
        identity = {"organization_id": organization.id, "organization_name": organization.name}
    usage = Usage(
        **identity,
        sms=_segments(sums, "sms"),
        mms=_segments(sums, "mms"),
        voice=_seconds(sums),
        period=between.text(),
    )
    return UsageReport(True, usage)


def _segments(sums: ByMeter, kind: str) -> Segments:
    sent, received = (sums[f"{kind}.{way}"].quantity // MICROS for way in ("outbound", "inbound"))
    return Segments(sent, received, sent + received)


def _seconds(sums: ByMeter) -> Seconds:
    calls, bases = sums["voice.call"].quantity, sums["kb.usage"].quantity
    return Seconds(*(raw_quantity(it) for it in (calls, bases, calls + bases)))


def usage_table(scope: QuestionScope, user: User | None, between: Between, sums: ByMeter) -> Table:
    """Return usage as a table of one row; a bound that is missing is empty."""
    organization = scope.organization
    assert organization  # noqa: S101  a question about usage is always one's
    identity: dict[str, str | None] = {
        "organization_id": organization.id,
        "organization_name": organization.name,
    }
    if user is not None:
        identity |= {"user_id": user.id, "user_name": user.name, "user_email": user.email}
    quantities = {
        name: sum(sums[kind].quantity for kind in kinds) for name, kinds in _TABLE_METERS.items()
    }
    columns = [Column(it, ColumnKind.TEXT) for it in identity]
    columns += [Column(it, ColumnKind.QUANTITY) for it in quantities]
    bounds = between.text()
    days = {"start": None, "end": None} if isinstance(bounds, str) else bounds
    return Table(
        tuple(columns),
        [(*identity.values(), *quantities.values())],
        constants=text_columns(period_start=days["start"], period_end=days["end"]),
    )


_TABLE_METERS = {
    "sms_outbound": ("sms.outbound",),
    "sms_inbound": ("sms.inbound",),
    "sms_total": ("sms.outbound", "sms.inbound"),
    "mms_outbound": ("mms.outbound",),
    "mms_inbound": ("mms.inbound",),
    "mms_total": ("mms.outbound", "mms.inbound"),
    "voice_seconds": ("voice.call",),
    "voice_kb_seconds": ("kb.usage",),
    "voice_total_seconds": ("voice.call", "kb.usage"),
}


def parameters(scope: QuestionScope, split_days: SplitDays) -> dict[str, Any]:
    """Return the parameters of the statement."""
    first_edge, last_edge = split_days.parts
    whole = split_days.days if split_days.days.start <= split_days.days.end else NO_DAYS
    bound = period_parameters(whole)
    user = {} if scope.user_id is None else user_parameters(scope.user_id, bound)
    return {
        **user,
        "organization": scope.number,
        **bound,
        "first_edge_day": first_edge.day,
        "last_edge_day": last_edge.day,
        "first": first_edge.first or last_edge.first,
        "end": first_edge.end or last_edge.end,
    }


def _usage_sql(tables: str, *, one_user: bool = False) -> str:
    """Return the statement: sums of whole days, and the events of at most two parts of days."""
    within = "organization_id = :organization"
    events = f"events {by_index('ix_events_by_user')}" if one_user else "events"
    of_user = OF_USER if one_user else ""
    return f"""
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{period_cover_sql(tables, "meter", within, of_user)}
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM {events}
        WHERE {within} AND day = :first_edge_day{of_user}
            AND time >= :first AND time < :end
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM {events}
        WHERE {within} AND day = :last_edge_day{of_user}
            AND time >= :first AND time < :end
) AS period_cover
GROUP BY meter
"""


ORGANIZATION = _usage_sql("organization")
USER = month_by_month(_usage_sql("usage", one_user=True))
