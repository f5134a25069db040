"""What a charge was made of, what it was bought for, tiers of a month, and reversals.

An event kept what it cost and by which rate. Now it also keeps what else went into the charge, so
that any charge can be replayed; sums know what is bought for how much, so that margin can be
reported. Nobody knows what events before this step were bought for: their `buy` stays NULL and is
in no sum. Of them only those that brought their cost had no rate.

Revision: 0003, after 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def upgrade() -> None:
    for name in ("own_cost", "buy", "position"):
        op.add_column("events", sa.Column(name, BIG))
    for name in ("tier_key", "reverses"):
        op.add_column("events", sa.Column(name, sa.Text()))
    op.execute("UPDATE events SET own_cost = cost WHERE rate_id IS NULL")
    for table in ("usage_daily", "usage_monthly"):
        for name in ("buy", "bought"):
            op.add_column(table, sa.Column(name, BIG, nullable=False, server_default="0"))
    op.create_table(
        "tier_positions",
        _key("organization_id", BIG),
        _key("month", sa.Integer()),
        _key("tier_key", sa.Text()),
        sa.Column("quantity", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "month", "tier_key", name="pk_tier_positions"),
        **SUMMED,
    )
    op.create_table(
        "reversals",
        _key("organization_id", BIG),
        _key("reverses", sa.Text()),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key_prefix", sa.Text()),
        sa.Column("received_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "reverses", name="pk_reversals"),
        sa.UniqueConstraint("organization_id", "id", name="uq_reversals_organization_id_id"),
        **CLUSTERED,
    )
