"""What was archived out of the ledger, with sums as fine as any, and secrets that stay the same.

Events may leave the ledger for files. Every sum stays, and must still be proved: by the events that
are left and by sums of those that are not.

Revision: 0009, after 0008.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}


def _table(name: str, keys: dict[str, Any], columns: list[sa.Column[Any]], **options: Any) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *columns,
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        **options,
    )


def upgrade() -> None:
    text, integer = sa.Text(), sa.Integer()
    month = {"organization_id": BIG, "month": integer}
    named: dict[str, Any] = {
        "file": text,
        "folder": text,
        "events": BIG,
        "bytes": BIG,
        "checksum": text,
    }
    _table(
        "archived_months",
        {**month, "part": integer},
        [sa.Column(it, kind, nullable=False) for it, kind in {**named, "archived_at": BIG}.items()],
        **CLUSTERED,
    )
    required = ("events", "count", "quantity", "billed", "cost")
    _table(
        "archived_sums",
        {
            **month,
            "user_id": text,
            "meter": SMALL,
            "day": integer,
            "hour": BIG,
            "country": text,
            "tier_key": text,
            "resource_id": text,
        },
        [
            *(sa.Column(it, BIG, nullable=False) for it in required),
            *(sa.Column(it, BIG, nullable=False, server_default="0") for it in ("buy", "bought")),
        ],
        **SUMMED,
    )
    _table("secrets", {"name": text}, [sa.Column("value", text, nullable=False)], **CLUSTERED)
