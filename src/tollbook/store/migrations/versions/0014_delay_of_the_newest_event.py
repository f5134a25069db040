"""When the newest event of an organization came, beside when the last one did.

For heads that are there already it is read from the events of the newest day; where those are
archived or in quarantine, it is when the last events came, as was answered before.

Revision: 0014, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    column = sa.Column("newest_received_at", BIG, nullable=False, server_default=sa.text("0"))
    op.add_column("ledger_heads", column)
    op.execute(
        """
        UPDATE ledger_heads SET newest_received_at = COALESCE((
            SELECT MIN(events.received_at) FROM events
            WHERE events.organization_id = ledger_heads.organization_id
                AND events.day = (
                    SELECT MAX(last.day) FROM events AS last
                    WHERE last.organization_id = ledger_heads.organization_id
                )
                AND events.time = ledger_heads.newest
        ), received_at)
        """
    )
