"""Sums by hour and country, and sums of whole organizations.

Sums were kept by user and day. A trend by hour or a split by country had no sums to be read from,
and what is asked of a whole organization was added up from all its users. What is in the ledger
already gets its hour and its country here, and the new sums are made of it, those of users' days
anew, by country. Heads learn the newest event there is, quarantine the time of what waits in it.

Revision: 0005, after 0004.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}

_SUMS = ("count", "quantity", "billed", "cost", "buy", "bought")
_KINDS: dict[str, Any] = {
    "organization_id": BIG,
    "month": sa.Integer(),
    "user_id": sa.Text(),
    "meter": SMALL,
    "day": sa.Integer(),
    "hour": BIG,
    "country": sa.Text(),
}
_TABLES = {
    "usage_daily": ("organization_id", "month", "user_id", "meter", "day", "country"),
    "organization_daily": ("organization_id", "month", "meter", "day"),
    "organization_monthly": ("organization_id", "month", "meter"),
    "organization_hourly": ("organization_id", "month", "meter", "hour", "country"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BRAND = 12
_CALL = 5
_INBOUND = (2, 4)
_CHUNK = 20_000


def upgrade() -> None:
    zero: dict[str, Any] = {"nullable": False, "server_default": "0"}
    op.add_column("events", sa.Column("hour", BIG, **zero))
    op.add_column("events", sa.Column("country", sa.Text(), nullable=False, server_default=""))
    op.add_column("ledger_heads", sa.Column("newest", BIG, **zero))
    op.add_column("ledger_heads", sa.Column("received_at", BIG, **zero))
    op.add_column("quarantine", sa.Column("time", BIG, **zero))
    op.drop_table("usage_daily")
    for table, keys in _TABLES.items():
        op.create_table(
            table,
            *(sa.Column(it, _KINDS[it], nullable=False, autoincrement=False) for it in keys),
            *(sa.Column(it, BIG, nullable=False) for it in _SUMS[:4]),
            *(sa.Column(it, BIG, **zero) for it in _SUMS[4:]),
            sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"),
            **SUMMED,
        )
    connection = op.get_bind()
    for number, zone in connection.execute(
        sa.text("SELECT organization_id, timezone FROM organizations")
    ).fetchall():
        for rows in _events(connection, number):
            _complete(connection, rows, ZoneInfo(zone))
    for rows in _waiting(connection):
        connection.execute(
            sa.text(
                "UPDATE quarantine SET time = :time "
                "WHERE organization_id = :number AND id = :identity"
            ),
            rows,
        )
    for table, keys in _TABLES.items():
        connection.execute(sa.text(_sums_of(table, keys)))
    connection.execute(sa.text(_HEADS))
    op.create_index("ix_events_by_user", "events", ["organization_id", "user_id", "day"])


def _events(connection: sa.Connection, number: int) -> Iterator[Sequence[Any]]:
    """Read an organization's events in the order of their key, in chunks."""
    day, identity = 0, ""
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT organization_id, day, id, meter, time, attributes FROM events "
                "WHERE organization_id = :number "
                "AND (day > :day OR (day = :day AND id > :identity)) "
                "ORDER BY day, id LIMIT :chunk"
            ),
            {"number": number, "day": day, "identity": identity, "chunk": _CHUNK},
        ).fetchall()
        if not rows:
            return
        yield rows
        day, identity = rows[-1][1], rows[-1][2]


def _complete(connection: sa.Connection, rows: Sequence[Any], zone: ZoneInfo) -> None:
    connection.execute(
        sa.text(
            "UPDATE events SET hour = :hour, country = :country "
            "WHERE organization_id = :number AND day = :day AND id = :identity"
        ),
        [
            {
                "number": row[0],
                "day": row[1],
                "identity": row[2],
                "hour": _hour(row[4], zone),
                "country": _country(row[3], row[5]),
            }
            for row in rows
        ],
    )


def _hour(time: int, zone: ZoneInfo) -> int:
    local = (_EPOCH + timedelta(microseconds=time)).astimezone(zone)
    return (time // 1_000_000 - local.minute * 60 - local.second) // 60


def _country(meter: int, attributes: str) -> str:
    given = json.loads(attributes) if attributes else {}
    inbound = meter in _INBOUND or (meter == _CALL and given.get("direction") == "inbound")
    written = given.get("from" if inbound else "to")
    text = written.strip() if isinstance(written, str) else ""
    if not text.startswith(("+", "00", "tel:")) or len(text) > 64:
        return ""
    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, None)
    except phonenumbers.NumberParseException:
        return ""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
    if len(regions) == 1:
        return regions[0]
    return phonenumbers.region_code_for_number(number) or ""


def _waiting(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """Give the times of the events in quarantine."""
    rows = connection.execute(sa.text("SELECT organization_id, id, event FROM quarantine"))
    while some := rows.fetchmany(_CHUNK):
        yield [
            {
                "number": row[0],
                "identity": row[1],
                "time": _microseconds(json.loads(row[2])["time"]),
            }
            for row in some
        ]


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _sums_of(table: str, keys: Sequence[str]) -> str:
    """Write the statement that makes the sums of what is in the ledger."""
    named = {
        "month": "day / 100",
        "user_id": f"CASE WHEN meter = {_BRAND} THEN '' ELSE user_id END",
    }
    by = ", ".join(named.get(it, it) for it in keys)
    one = "CASE WHEN reverses IS NULL THEN 1 ELSE -1 END"
    return f"""
INSERT INTO {table} ({", ".join(keys)}, {", ".join(_SUMS)})
SELECT {by},
    CAST(SUM({one}) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(billed) AS BIGINT),
    CAST(SUM(cost) AS BIGINT), COALESCE(CAST(SUM(buy) AS BIGINT), 0),
    CAST(SUM(CASE WHEN buy IS NULL THEN 0 ELSE {one} END) AS BIGINT)
FROM events GROUP BY {by}
"""


_HEADS = """
UPDATE ledger_heads SET
    newest = COALESCE((
        SELECT MAX(time) FROM events WHERE events.organization_id = ledger_heads.organization_id
    ), 0),
    received_at = COALESCE((
        SELECT MAX(received_at) FROM events
        WHERE events.organization_id = ledger_heads.organization_id
    ), 0)
"""
