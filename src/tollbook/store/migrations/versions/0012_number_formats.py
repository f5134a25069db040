"""How tenants and organizations write phone numbers.

Revision: 0012, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    strict = sa.Column("number_format", sa.Text(), nullable=False, server_default="strict")
    op.add_column("tenants", strict)
    op.add_column("organizations", sa.Column("number_format", sa.Text()))
