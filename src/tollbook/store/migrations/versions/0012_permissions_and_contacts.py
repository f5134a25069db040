"""The permission of a user on the platform, and the contact e-mail address of an organization.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    permission = sa.Column("permission", sa.Text(), nullable=False, server_default="user")
    op.add_column("users", permission)
    op.add_column("organizations", sa.Column("email", sa.Text()))
