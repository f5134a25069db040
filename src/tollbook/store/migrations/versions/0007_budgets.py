"""Budgets: what an organization or one of its users may cost in a month.

Revision: 0007, after 0006.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("monthly", BIG, nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_budgets"),
        **CLUSTERED,
    )
