"""Runs over the quarantine select several codes, and events by their ids.

Both are lists in JSON, null where a run does not select by them.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quarantine_runs", sa.Column("codes", sa.Text()))
    op.add_column("quarantine_runs", sa.Column("ids", sa.Text()))
    # Codes are words, which JSON does not escape.
    op.execute("UPDATE quarantine_runs SET codes = '[\"' || code || '\"]' WHERE code IS NOT NULL")
    op.drop_column("quarantine_runs", "code")
