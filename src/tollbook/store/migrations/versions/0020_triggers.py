"""Budgets by day and week, triggers and what they have fired, and the time zones of tenants.

The key of a budget gains its period; the budgets that exist are monthly. Each becomes a trigger,
and what is reached already is marked without a notification.

Revision: 0020, after 0019.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    zone = sa.Column("timezone", sa.Text(), nullable=False, server_default="UTC")
    op.add_column("tenants", zone)
    token = sa.Column("triggers_token", BIG, nullable=False, server_default="0")
    op.add_column("tenants", token)
    _create_zones()
    _create_triggers()
    _create_states()
    _give_budgets_a_period()
    _mark_reached(_micros(datetime.now(UTC)))


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _create_zones() -> None:
    op.create_table(
        "tenant_zones",
        _key("tenant_id", sa.Text()),
        _key("since", BIG),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "since", name="pk_tenant_zones"),
        **CLUSTERED,
    )


def _create_triggers() -> None:
    op.create_table(
        "triggers",
        _key("tenant_id", sa.Text()),
        _key("id", sa.Text()),
        sa.Column("organization_id", BIG, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thresholds", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("endpoint_ids", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("watched_from", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_triggers"),
        **CLUSTERED,
    )


def _create_states() -> None:
    op.create_table(
        "trigger_states",
        _key("organization_id", BIG),
        _key("trigger_id", sa.Text()),
        _key("period_start", BIG),
        _key("threshold", sa.Text()),
        sa.Column("period_end", BIG, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reached_at", BIG, nullable=False),
        sa.Column("cleared_at", BIG),
        sa.Column("notified", SMALL, nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "trigger_id", "period_start", "threshold", name="pk_trigger_states"
        ),
        **CLUSTERED,
    )
    op.create_table(
        "trigger_baselines",
        _key("organization_id", BIG),
        _key("trigger_id", sa.Text()),
        _key("period_start", BIG),
        sa.Column("period_end", BIG, nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("spread", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "trigger_id", "period_start", name="pk_trigger_baselines"
        ),
        **CLUSTERED,
    )


def _give_budgets_a_period() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # The name of the key is needed for the new table.
        op.drop_constraint("pk_budgets", "budgets")
    op.rename_table("budgets", "monthly_budgets")
    op.create_table(
        "budgets",
        _key("organization_id", BIG),
        _key("user_id", sa.Text()),
        _key("period", sa.Text()),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "user_id", "period", name="pk_budgets"),
        **CLUSTERED,
    )
    op.execute(
        "INSERT INTO budgets (organization_id, user_id, period, amount, alerts, created_at, "
        "changed_at, since) SELECT organization_id, user_id, 'month', monthly, alerts, created_at, "
        "changed_at, changed_at FROM monthly_budgets"
    )
    op.drop_table("monthly_budgets")


def _mark_reached(now: int) -> None:
    """Make a trigger of each budget, and mark the alerts that are reached already."""
    for tenant, number, zone, user, amount, alerts in _rows(
        "SELECT organizations.tenant_id, budgets.organization_id, organizations.timezone, "
        "budgets.user_id, budgets.amount, budgets.alerts FROM budgets JOIN organizations "
        "ON organizations.organization_id = budgets.organization_id ORDER BY 2, 4"
    ):
        identity = _trigger_id(number, user)
        _add_trigger(tenant, number, user, identity, json.loads(alerts), now)
        start, end, month = _month(now, ZoneInfo(zone))
        spent = _spent(number, user, month)
        for alert in json.loads(alerts):
            threshold = Fraction(str(alert)) * int(amount)
            if spent >= threshold:
                _add_state(number, identity, (start, end), -(-threshold // 1), spent, now)
    _execute(
        "UPDATE tenants SET triggers_token = 1 WHERE tenant_id IN (SELECT tenant_id FROM triggers)"
    )


def _trigger_id(number: int, user: str) -> str:
    """Return the id of the trigger of a monthly budget, as `domain/triggers.py` does."""
    digest = hashlib.sha256(json.dumps([number, user, "month"]).encode()).digest()
    value = int.from_bytes(digest, "big")
    letters = []
    for _ in range(26):
        value, at = divmod(value, 36)
        letters.append("0123456789abcdefghijklmnopqrstuvwxyz"[at])
    return "trg_" + "".join(letters)


def _add_trigger(
    tenant: str, number: int, user: str, identity: str, alerts: list[float], now: int
) -> None:
    thresholds = [[str(float(it)), now] for it in sorted(alerts)]
    _execute(
        "INSERT INTO triggers (tenant_id, id, organization_id, user_id, source, name, figure, "
        "category, meter, currency, period, kind, thresholds, owner, endpoint_ids, status, "
        "created_at, changed_at, watched_from) VALUES (:tenant, :id, :number, :user, 'budget', "
        "'Monthly budget', 'cost', '', '', '', 'month', 'budget', :thresholds, 'both', '[]', "
        "'active', :now, :now, :now)",
        tenant=tenant,
        id=identity,
        number=number,
        user=user,
        thresholds=json.dumps(thresholds, separators=(",", ":")),
        now=now,
    )


def _add_state(
    number: int, identity: str, period: tuple[int, int], threshold: int, spent: int, now: int
) -> None:
    _execute(
        "INSERT INTO trigger_states (organization_id, trigger_id, period_start, threshold, "
        "period_end, value, reached_at, notified) VALUES (:number, :id, :start, :threshold, :end, "
        ":value, :now, 0) ON CONFLICT (organization_id, trigger_id, period_start, threshold) "
        "DO NOTHING",
        number=number,
        id=identity,
        start=period[0],
        end=period[1],
        threshold=str(threshold),
        value=str(spent),
        now=now,
    )


def _month(now: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """Return the start, the end and the number of the month that it is in a zone."""
    local = (_EPOCH + now * _MICROSECOND).astimezone(zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return _micros(first), _micros(following), first.year * 100 + first.month


def _micros(instant: datetime) -> int:
    return (instant.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _spent(number: int, user: str, month: int) -> int:
    """Add up in Python: a sum of rows may exceed 64 bits."""
    table = "usage_monthly" if user else "organization_monthly"
    of_user = " AND user_id = :user" if user else ""
    found = _rows(
        f"SELECT cost FROM {table} WHERE organization_id = :number AND month = :month{of_user}",
        number=number,
        month=month,
        **({"user": user} if user else {}),
    )
    return sum(row[0] for row in found)


def _rows(sql: str, **parameters: object) -> Iterator[Any]:
    yield from list(op.get_bind().execute(sa.text(sql), parameters))


def _execute(sql: str, **parameters: object) -> None:
    op.get_bind().execute(sa.text(sql), parameters)
