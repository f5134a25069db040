"""The origins of pages that may show a tenant's usage, and two alerts about the quarantine.

The index serves preflight requests, which name an origin and no tenant. Events that are in
quarantine already have no country, and their kinds are not notified. Their number is the first
sample of the quarantine, so that it is not taken for growth.

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
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    """Create the tables, and the column of countries."""
    _create_origins()
    _create_unpriced_groups()
    _create_quarantine_samples()


def _create_origins() -> None:
    op.create_table(
        "origins",
        sa.Column("tenant_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("origin", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "origin", name="pk_origins"),
        **CLUSTERED,
    )
    op.create_index("ix_origins_by_origin", "origins", ["origin"])


def _create_unpriced_groups() -> None:
    country = sa.Column("country", sa.Text(), nullable=False, server_default="")
    op.add_column("quarantine", country)
    op.create_table(
        "unpriced_groups",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("meter", SMALL, nullable=False, autoincrement=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("notified", SMALL, nullable=False, server_default="0"),
        sa.Column("may_be_empty", SMALL, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint(
            "organization_id", "meter", "country", "code", name="pk_unpriced_groups"
        ),
        **CLUSTERED,
    )
    is_new = sa.text("notified = 0")
    op.create_index(
        "ix_unpriced_groups_new",
        "unpriced_groups",
        ["organization_id"],
        sqlite_where=is_new,
        postgresql_where=is_new,
    )


def _create_quarantine_samples() -> None:
    op.create_table(
        "quarantine_samples",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False, autoincrement=False),
        sa.Column("waiting", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", name="pk_quarantine_samples"),
        **CLUSTERED,
    )
    op.create_table(
        "quarantine_alarms",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("waiting", BIG, nullable=False),
        sa.Column("fell", SMALL, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_quarantine_alarms"),
        **CLUSTERED,
    )
    op.execute(
        "INSERT INTO quarantine_samples (tenant_id, at, waiting) "
        "SELECT organizations.tenant_id, 0, CAST(SUM(quarantine_counts.events) AS BIGINT) "
        "FROM quarantine_counts JOIN organizations "
        "ON organizations.organization_id = quarantine_counts.organization_id "
        "GROUP BY organizations.tenant_id HAVING SUM(quarantine_counts.events) > 0"
    )
