"""Runs over the quarantine, the number of events in it, and limits that tenants share with nobody.

A replay was one request over all events. It is a run now, like a discard: recorded, in small
transactions, with progress. A limit on events in quarantine needs their number at every commit that
adds to it, and a limit on organizations that only events name needs an index. Keys that a key with
a rate limit creates share its limit: each key stores the limits that its requests count against.
Each tenant gets a token of its own, so that a change of one tenant leaves what servers remember of
the others.

Revision: 0014, after 0013.
"""

from secrets import randbelow
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    _add_runs()
    _add_counts()
    op.create_index(
        "ix_organizations_unknown",
        "organizations",
        ["tenant_id"],
        sqlite_where=sa.text("status = 'unknown'"),
        postgresql_where=sa.text("status = 'unknown'"),
    )
    op.add_column("api_keys", sa.Column("rate_limits", sa.Text()))
    zero = sa.text("0")
    op.add_column("tenants", sa.Column("token", BIG, nullable=False, server_default=zero))
    token = 1 + randbelow(2**40 - 1)
    op.execute(sa.text("UPDATE tenants SET token = :token").bindparams(token=token))


def _add_runs() -> None:
    op.create_table(
        "quarantine_runs",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("organization_id", BIG),
        sa.Column("organization", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("meter", SMALL),
        sa.Column("start_time", BIG),
        sa.Column("end_time", BIG),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at_organization", BIG, nullable=False),
        sa.Column("at_id", sa.Text(), nullable=False),
        *(
            sa.Column(name, BIG, nullable=False)
            for name in ("expected", "events", "released", "discarded", "created_at")
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("moved_at", BIG, nullable=False),
        sa.Column("finished_at", BIG),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_quarantine_runs"),
        **CLUSTERED,
    )


def _add_counts() -> None:
    op.create_table(
        "quarantine_counts",
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "code", name="pk_quarantine_counts"),
        postgresql_with={"fillfactor": 70},
        **CLUSTERED,
    )
    op.execute(
        "INSERT INTO quarantine_counts (organization_id, code, events) "
        "SELECT organization_id, code, COUNT(*) FROM quarantine GROUP BY organization_id, code"
    )
