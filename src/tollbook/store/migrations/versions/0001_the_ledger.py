"""The ledger, its rollups, and the directory: the tables a first release needs.

Revision: 0001, after nothing.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Columns = Mapping[str, Any]

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
STRICT: dict[str, Any] = {"sqlite_strict": True}
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}


def _table(name: str, keys: Columns, columns: Columns, **options: Any) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *(
            sa.Column(column.removesuffix("?"), kind, nullable=column.endswith("?"))
            for column, kind in columns.items()
        ),
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        **(options or CLUSTERED),
    )


def _numbered(name: str, number: str, columns: Columns, *unique: str) -> None:
    op.create_table(
        name,
        sa.Column(number, BIG, nullable=False),
        *(sa.Column(column, kind, nullable=False) for column, kind in columns.items()),
        sa.PrimaryKeyConstraint(number, name=f"pk_{name}"),
        sa.UniqueConstraint(*unique, name=f"uq_{name}_{'_'.join(unique)}"),
        **STRICT,
    )


def upgrade() -> None:
    text, integer = sa.Text(), sa.Integer()
    organization: Columns = {"organization_id": BIG}
    sums = {"count": BIG, "quantity": BIG, "billed": BIG, "cost": BIG}

    _table("tenants", {"tenant_id": text}, {"name": text, "created_at": BIG})
    _numbered(
        "organizations",
        "organization_id",
        {
            "tenant_id": text,
            "id": text,
            "name": text,
            "timezone": text,
            "currency": text,
            "status": text,
            "created_at": BIG,
        },
        "tenant_id",
        "id",
    )
    _table(
        "users",
        {**organization, "id": text},
        {"name": text, "email?": text, "status": text, "created_at": BIG},
    )
    _table(
        "api_keys",
        {"prefix": text},
        {
            "hash": text,
            "name": text,
            "tenant_id": text,
            "organization_id?": BIG,
            "user_id?": text,
            "permissions": text,
            "created_at": BIG,
            "revoked_at?": BIG,
        },
    )
    _table(
        "price_books",
        {"tenant_id": text, "version": integer},
        {
            "name": text,
            "currency": text,
            "effective_from": integer,
            "source": text,
            "created_at": BIG,
        },
    )
    _numbered(
        "rates",
        "rate_id",
        {
            "tenant_id": text,
            "version": integer,
            "position": integer,
            "meter": text,
            "price": text,
            "per": text,
            "price_picos": BIG,
            "per_micros": BIG,
            "per_event": SMALL,
            "conditions": text,
        },
        "tenant_id",
        "version",
        "position",
    )
    _table("directory_revision", {"id": integer}, {"revision": BIG})
    op.execute("INSERT INTO directory_revision (id, revision) VALUES (1, 0)")
    _table("ledger_heads", organization, {"revision": BIG, "as_of": BIG}, **SUMMED)
    _table("event_keys", {**organization, "id": text}, {"fingerprint": BIG, "day": integer})
    _table(
        "events",
        {**organization, "day": integer, "id": text},
        {
            "user_id": text,
            "meter": SMALL,
            "resource_id?": text,
            "time": BIG,
            "quantity": BIG,
            "billed": BIG,
            "cost": BIG,
            "rate_id?": BIG,
            "attributes": text,
            "received_at": BIG,
        },
        postgresql_partition_by="RANGE (day)",
        **CLUSTERED,
    )
    if op.get_bind().dialect.name == "postgresql":
        # Months from 2020 on get a partition of their own when the first event of them comes.
        op.execute(
            "CREATE TABLE events_before_2020 PARTITION OF events "
            "FOR VALUES FROM (MINVALUE) TO (20200100)"
        )
    by_meter = {**organization, "month": integer, "user_id": text, "meter": SMALL}
    _table("usage_daily", {**by_meter, "day": integer}, sums, **SUMMED)
    _table("usage_monthly", by_meter, sums, **SUMMED)
    _table(
        "resources_daily",
        {**by_meter, "resource_id": text, "day": integer},
        {"count": BIG},
        **SUMMED,
    )
    _table(
        "quarantine",
        {**organization, "id": text},
        {"received_at": BIG, "code": text, "reason": text, "event": text},
    )
