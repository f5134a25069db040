"""The days on which an organization used a knowledge base, as the bits of one number a month.

Counting a tenant's knowledge bases read a row for each user and day. What is in the ledger already
is counted here.

Revision: 0006, after 0005.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
SUMMED: dict[str, Any] = {
    "sqlite_with_rowid": False,
    "sqlite_strict": True,
    "postgresql_with": {"fillfactor": 70},
}


def upgrade() -> None:
    op.create_table(
        "organization_resources",
        sa.Column("organization_id", BIG, nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("meter", SMALL, nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("days", BIG, nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "month", "meter", "resource_id", name="pk_organization_resources"
        ),
        **SUMMED,
    )
    op.execute(
        sa.text(
            """
            INSERT INTO organization_resources (organization_id, month, meter, resource_id, days)
            SELECT organization_id, month, meter, resource_id,
                CAST(SUM(DISTINCT CAST(1 AS BIGINT) << (day % 100)) AS BIGINT)
            FROM resources_daily WHERE meter IN (10, 11) AND count > 0
            GROUP BY organization_id, month, meter, resource_id
            """
        )
    )
