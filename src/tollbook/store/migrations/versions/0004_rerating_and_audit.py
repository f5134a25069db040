"""Charging the past again: what events were charged before, the runs that did it, and an audit log.

Prices are mended after the fact. The ledger keeps what each event was charged before, so that a run
can be taken back; a run keeps where it stands, so that it can be stopped; and whoever began either
is written down.

Revision: 0004, after 0003.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Columns = Mapping[str, Any]

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def _table(name: str, keys: Columns, columns: Columns) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *(
            sa.Column(column.removesuffix("?"), kind, nullable=column.endswith("?"))
            for column, kind in columns.items()
        ),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        **CLUSTERED,
    )


def upgrade() -> None:
    text, integer = sa.Text(), sa.Integer()
    _table(
        "charge_history",
        {"organization_id": BIG, "day": integer, "id": text, "run_id": integer},
        {
            "cost": BIG,
            "billed": BIG,
            "rate_id?": BIG,
            "buy?": BIG,
            "position?": BIG,
            "tier_key?": text,
        },
    )
    counts = dict.fromkeys(("expected", "events", "changed", "unpriced", "restored"), BIG)
    _table(
        "rerating_runs",
        {"tenant_id": text, "id": integer},
        {
            "organization_id?": BIG,
            "first_day": integer,
            "last_day": integer,
            "version?": integer,
            "status": text,
            "backwards": SMALL,
            "at_organization": BIG,
            "at_day": integer,
            **counts,
            "costs": text,
            "created_at": BIG,
            "created_by": text,
            "moved_at": BIG,
            "finished_at?": BIG,
            "reason?": text,
        },
    )
    _table(
        "rerating_unpriced",
        {
            "tenant_id": text,
            "run_id": integer,
            "organization_id": BIG,
            "day": integer,
            "id": text,
        },
        {"code": text, "reason": text},
    )
    _table(
        "audit_log",
        {"tenant_id": text, "at": BIG, "id": text},
        {"key_prefix": text, "action": text, "object": text, "details": text},
    )
