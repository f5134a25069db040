"""Random tokens for the directory and each organization's ledger, and the version of the schema.

Counters came back when a database went back to an earlier state and then changed as often as it had
before: what a server remembered of the lost state then seemed to hold. Random numbers do not come
back. Both tables get new names, so that an earlier Tollbook that is still running fails instead of
writing: it has no look at the version of the schema.

A database that went back under a running server may have lost rows of users whose usage came later;
they are added.

Revision: 0011, after 0010.
"""

from secrets import randbelow

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RENAMED = {"directory_revision": "directory_state", "ledger_heads": "ledger_versions"}


def upgrade() -> None:
    for old, new in _RENAMED.items():
        op.rename_table(old, new)
        op.execute(f"ALTER TABLE {new} RENAME COLUMN revision TO token")
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")
        token = 1 + randbelow(2**40 - 1)
        op.execute(sa.text(f"UPDATE {new} SET token = :token").bindparams(token=token))
    op.add_column(
        "directory_state",
        sa.Column("schema_version", sa.Text(), nullable=False, server_default=""),
    )
    replaced = sa.Column("replaced", BIG, nullable=False, server_default=sa.text("0"))
    op.add_column("ledger_versions", replaced)
    op.execute(
        """
        INSERT INTO users (organization_id, id, name, status, created_at)
        SELECT DISTINCT organization_id, user_id, user_id, 'active', COALESCE((
            SELECT as_of FROM ledger_versions
            WHERE ledger_versions.organization_id = used.organization_id
        ), 0)
        FROM usage_monthly AS used
        WHERE user_id <> '' AND NOT EXISTS (
            SELECT 1 FROM users
            WHERE users.organization_id = used.organization_id AND users.id = used.user_id
        )
        """
    )
