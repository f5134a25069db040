"""Events that were corrected in quarantine are stored with their corrections.

A table of their own, with two indexes, made a correction on SQLite write a sixth more pages. Its
times, users and meters were read by nothing: a correction has the user of the event.

Quarantined events are stored on SQLite in the order in which they came. In the order of their ids,
which are random, each one that left changed a page of its own.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_QUARANTINE = "organization_id, id, received_at, code, reason, event, time, user_id, meter"


def upgrade() -> None:
    op.add_column("corrections", sa.Column("quarantined_at", BIG))
    for name in ("quarantine_code", "quarantine_reason", "quarantined_event"):
        op.add_column("corrections", sa.Column(name, sa.Text()))
    op.execute(
        """
        UPDATE corrections SET
            quarantined_at = corrected.received_at,
            quarantine_code = corrected.code,
            quarantine_reason = corrected.reason,
            quarantined_event = corrected.event
        FROM corrected_events AS corrected
        WHERE corrected.organization_id = corrections.organization_id
            AND corrected.id = corrections.corrects
        """
    )
    op.drop_table("corrected_events")
    if op.get_bind().dialect.name == "sqlite":
        _store_quarantine_as_it_came()


def _store_quarantine_as_it_came() -> None:
    """Rebuild the table with rows in the order of a number; PostgreSQL stores them like that."""
    op.execute(
        """
        CREATE TABLE quarantine_as_it_came (
            organization_id INTEGER NOT NULL,
            id TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            event TEXT NOT NULL,
            time INTEGER NOT NULL DEFAULT 0,
            user_id TEXT NOT NULL DEFAULT '',
            meter INTEGER NOT NULL DEFAULT 0,
            CONSTRAINT pk_quarantine PRIMARY KEY (organization_id, id)
        ) STRICT
        """
    )
    op.execute(
        f"INSERT INTO quarantine_as_it_came ({_QUARANTINE}) "
        f"SELECT {_QUARANTINE} FROM quarantine ORDER BY received_at, organization_id, id"
    )
    op.drop_table("quarantine")
    op.rename_table("quarantine_as_it_came", "quarantine")
    op.create_index("ix_quarantine_by_user", "quarantine", ["organization_id", "user_id"])
    op.create_index(
        "ix_quarantine_pending",
        "quarantine",
        ["organization_id", "time"],
        sqlite_where=sa.text("code = 'cost_pending'"),
    )
