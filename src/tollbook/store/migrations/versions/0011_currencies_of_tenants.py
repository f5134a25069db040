"""Each tenant has a currency, which a question is answered in unless it names another.

Revision: 0011, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

# The only currency that a tenant's organizations have. Organizations that events named before
# anyone created them have none.
_ONLY_ONE = """
UPDATE tenants SET currency = (
    SELECT MIN(organizations.currency) FROM organizations
    WHERE organizations.tenant_id = tenants.tenant_id AND organizations.currency <> ''
)
WHERE (
    SELECT COUNT(DISTINCT organizations.currency) FROM organizations
    WHERE organizations.tenant_id = tenants.tenant_id AND organizations.currency <> ''
) = 1
"""


def upgrade() -> None:
    op.add_column("tenants", sa.Column("currency", sa.Text(), nullable=False, server_default="USD"))
    op.execute(_ONLY_ONE)
