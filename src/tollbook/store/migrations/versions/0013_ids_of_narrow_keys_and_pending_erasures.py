"""Permissions for costs and reversals, prefixes of ids, and erasures that are not finished.

Stating a cost and reversing an event need permissions of their own. Keys of tenants and
organizations get both, so nothing changes for them; keys that are bound to a user or limited to
meters do not. Such a key could also take the ids of events that others were about to send: from now
on its ids begin with a prefix. Existing keys get their public prefix and a colon. Quarantined
events have their user and meter in columns, to be counted for keys that see a part only.

Revision: 0013, after 0012.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_METERS = (
    *("sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound", "voice.call"),
    *("api.request", "api.storage", "phone.rental", "phone.purchase", "kb.rental", "kb.usage"),
    "brand.registration",
)
"""The meters in the order of their codes, which begin with 1."""
_FIELD = {"sqlite": "json_extract(event, '$.{}')", "postgresql": "event::json ->> '{}'"}


def upgrade() -> None:
    _add_permissions()
    _add_id_prefixes()
    _add_owners_of_quarantined_events()
    op.create_table(
        "pending_erasures",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("key_prefix", sa.Text(), nullable=False),
        sa.Column("erased_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "organization_id", "user_id", name="pk_pending_erasures"
        ),
        **CLUSTERED,
    )


def _add_permissions() -> None:
    """Grant both permissions; `admin` includes them without being named."""
    op.execute(
        """
        UPDATE api_keys SET permissions = permissions || ' events:cost events:reverse'
        WHERE user_id IS NULL AND COALESCE(meters, '') = ''
            AND ' ' || permissions || ' ' NOT LIKE '% admin %'
        """
    )


def _add_id_prefixes() -> None:
    op.add_column("api_keys", sa.Column("id_prefix", sa.Text()))
    op.execute(
        """
        UPDATE api_keys SET id_prefix = prefix || ':'
        WHERE (user_id IS NOT NULL OR COALESCE(meters, '') <> '')
            AND (
                ' ' || permissions || ' ' LIKE '% events:write %'
                OR ' ' || permissions || ' ' LIKE '% admin %'
            )
        """
    )


def _add_owners_of_quarantined_events() -> None:
    user = sa.Column("user_id", sa.Text(), nullable=False, server_default="")
    op.add_column("quarantine", user)
    op.add_column("quarantine", sa.Column("meter", SMALL, nullable=False, server_default="0"))
    field = _FIELD[op.get_bind().dialect.name]
    codes = " ".join(f"WHEN '{meter}' THEN {code}" for code, meter in enumerate(_METERS, 1))
    op.execute(
        f"UPDATE quarantine SET user_id = COALESCE({field.format('user_id')}, ''), "
        f"meter = CASE {field.format('type')} {codes} ELSE 0 END"
    )
    op.create_index("ix_quarantine_by_user", "quarantine", ["organization_id", "user_id"])
