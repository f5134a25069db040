"""Columns of sums of days that have ended, which a server builds in the background.

They are derived: until they are built, answers are read from the sums by day.

Revision: 0023, after 0022.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    """Create the tables, and the column of the last closed day."""
    closed_day = sa.Column("closed_day", sa.Integer(), nullable=False, server_default="0")
    op.add_column("ledger_versions", closed_day)
    op.create_table(
        "closed_days",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("users", sa.Text(), nullable=False),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "day", name="pk_closed_days"),
        **CLUSTERED,
    )
    op.create_table(
        "closed_months",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("month", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("token", BIG, nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("built_at", BIG, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("organization_id", "month", name="pk_closed_months"),
        **CLUSTERED,
    )
    to_build = sa.text("through < wanted")
    op.create_index(
        "ix_closed_months_to_build",
        "closed_months",
        ["organization_id"],
        sqlite_where=to_build,
        postgresql_where=to_build,
    )
