"""A record of each archive file before it is written, so that none is left that nothing knows.

Revision: 0015, after 0009.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
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
