"""Corrections, and events whose price comes later.

A correction replaces an event by another. Its record stays in the database when months are
archived. A quarantined event that was corrected moves, whole, to a table of its own. Events that
wait for the carrier's price are counted by their age, for which an index has their times.

Revision: 0015, after 0014.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_IS_PENDING = sa.text("code = 'cost_pending'")


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("corrects", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reversal_id", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("corrected_user_id", sa.Text(), nullable=False),
        sa.Column("key_prefix", sa.Text()),
        sa.Column("received_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "corrects", name="pk_corrections"),
        sa.UniqueConstraint("organization_id", "id", name="uq_corrections_organization_id_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "corrected_events",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("received_at", BIG, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("meter", SMALL, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_corrected_events"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_corrected_events_by_user", "corrected_events", ["organization_id", "user_id"]
    )
    op.create_index(
        "ix_quarantine_pending",
        "quarantine",
        ["organization_id", "time"],
        sqlite_where=_IS_PENDING,
        postgresql_where=_IS_PENDING,
    )
