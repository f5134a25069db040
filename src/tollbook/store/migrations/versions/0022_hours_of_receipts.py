"""The hours in which events were received, and the silences that were notified.

When events were received before the upgrade is not known, so silences are found two weeks after it.

Revision: 0022, after 0021.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "received_hours",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("hours", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "organization_id", "day", name="pk_received_hours"),
        **CLUSTERED,
    )
    op.create_table(
        "silences",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "organization_id", name="pk_silences"),
        **CLUSTERED,
    )
