"""Sums of any size, currencies of tenants, formats of numbers, and when the newest event came.

A sum is a row of 64-bit integers. It ended at 9.2 billion units of a currency, which is little in
some. Now every table of sums has a `part` at the end of its key: 0 for the row that grows, another
number for a row that is full. Heads count those numbers. Budgets may be as large as such sums, so
their amount becomes digits.

Revision: 0010, after 0009.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}

_KINDS: dict[str, Any] = {
    "organization_id": BIG,
    "month": sa.Integer(),
    "user_id": sa.Text(),
    "meter": SMALL,
    "day": sa.Integer(),
    "hour": BIG,
    "country": sa.Text(),
    "tier_key": sa.Text(),
    "resource_id": sa.Text(),
}
_KEYS = {
    "usage_daily": "organization_id month user_id meter day country",
    "usage_monthly": "organization_id month user_id meter",
    "organization_daily": "organization_id month meter day",
    "organization_monthly": "organization_id month meter",
    "organization_hourly": "organization_id month meter hour country",
    "archived_sums": ("organization_id month user_id meter day hour country tier_key resource_id"),
}
_SUMS = ("count", "quantity", "billed", "cost")
_BOUGHT = ("buy", "bought")


def upgrade() -> None:
    zero: dict[str, Any] = {"nullable": False, "server_default": "0"}
    op.add_column("ledger_heads", sa.Column("parts", BIG, **zero))
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table, keys in _KEYS.items():
        if postgresql:
            _widen_key(table, keys.split())
        else:
            _rebuild_with_part(table, keys.split())
    if postgresql:
        op.alter_column(
            "budgets", "monthly", type_=sa.Text(), postgresql_using="CAST(monthly AS TEXT)"
        )
    else:
        _rebuild_budgets()
    _add_currencies()
    _add_number_formats()
    _add_when_the_newest_came()
    _add_archive_drafts()


def _widen_key(table: str, keys: list[str]) -> None:
    op.add_column(table, sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
    op.drop_constraint(f"pk_{table}", table, type_="primary")
    op.create_primary_key(f"pk_{table}", table, [*keys, "part"])


def _rebuild_with_part(table: str, keys: list[str]) -> None:
    """SQLite keeps these tables in the order of their key, which cannot be altered."""
    required = (*(("events",) if table == "archived_sums" else ()), *_SUMS)
    zero: dict[str, Any] = {"nullable": False, "server_default": "0"}
    old = _set_aside(table)
    op.create_table(
        table,
        *(sa.Column(it, _KINDS[it], nullable=False, autoincrement=False) for it in keys),
        sa.Column("part", sa.Integer(), autoincrement=False, **zero),
        *(sa.Column(it, BIG, nullable=False) for it in required),
        *(sa.Column(it, BIG, **zero) for it in _BOUGHT),
        sa.PrimaryKeyConstraint(*keys, "part", name=f"pk_{table}"),
        **CLUSTERED,
    )
    columns = ", ".join((*keys, *required, *_BOUGHT))
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {old}")
    op.drop_table(old)


def _rebuild_budgets() -> None:
    old = _set_aside("budgets")
    op.create_table(
        "budgets",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("monthly", sa.Text(), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_budgets"),
        **CLUSTERED,
    )
    op.execute(
        "INSERT INTO budgets (organization_id, user_id, monthly, alerts, created_at, changed_at) "
        "SELECT organization_id, user_id, CAST(monthly AS TEXT), alerts, created_at, changed_at "
        f"FROM {old}"
    )
    op.drop_table(old)


def _set_aside(table: str) -> str:
    old = f"{table}_without_part"
    op.rename_table(table, old)
    return old


def _add_number_formats() -> None:
    strict = sa.Column("number_format", sa.Text(), nullable=False, server_default="strict")
    op.add_column("tenants", strict)
    op.add_column("organizations", sa.Column("number_format", sa.Text()))


def _add_when_the_newest_came() -> None:
    """Read it from the events of the newest day.

    Where those are archived or in quarantine, it is when the last events came, as was answered
    before.
    """
    column = sa.Column("newest_received_at", BIG, nullable=False, server_default=sa.text("0"))
    op.add_column("ledger_heads", column)
    op.execute(
        """
        UPDATE ledger_heads SET newest_received_at = COALESCE((
            SELECT MIN(events.received_at) FROM events
            WHERE events.organization_id = ledger_heads.organization_id
                AND events.day = (
                    SELECT MAX(last.day) FROM events AS last
                    WHERE last.organization_id = ledger_heads.organization_id
                )
                AND events.time = ledger_heads.newest
        ), received_at)
        """
    )


def _add_currencies() -> None:
    """Give each tenant the only currency that its organizations have, otherwise USD.

    Organizations that events named before anyone created them have none.
    """
    op.add_column("tenants", sa.Column("currency", sa.Text(), nullable=False, server_default="USD"))
    op.execute(
        """
        UPDATE tenants SET currency = (
            SELECT MIN(organizations.currency) FROM organizations
            WHERE organizations.tenant_id = tenants.tenant_id AND organizations.currency <> ''
        )
        WHERE (
            SELECT COUNT(DISTINCT organizations.currency) FROM organizations
            WHERE organizations.tenant_id = tenants.tenant_id AND organizations.currency <> ''
        ) = 1
        """
    )


def _add_archive_drafts() -> None:
    """Record each archive file before it is written, so that none is left that nothing knows."""
    op.create_table(
        "archive_drafts",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("file", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recorded_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "file", name="pk_archive_drafts"),
        **CLUSTERED,
    )
