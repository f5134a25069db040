"""The origins of pages that may show a tenant's usage.

The index serves preflight requests, which name an origin and no tenant.

Revision: 0021, after 0020.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    """Create the table of origins."""
    op.create_table(
        "origins",
        sa.Column("tenant_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("origin", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "origin", name="pk_origins"),
        **CLUSTERED,
    )
    op.create_index("ix_origins_by_origin", "origins", ["origin"])
