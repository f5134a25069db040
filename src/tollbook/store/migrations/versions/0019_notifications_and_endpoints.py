"""Notifications, endpoints, deliveries, reports, and the lease of the worker that sends them.

An alert is a row in the database that made it true, so a crash loses none. All tables are new and
empty; nothing of earlier versions is notified.

Revision: 0019, after 0018.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}


def upgrade() -> None:
    _create_notifications()
    _create_endpoints()
    _create_deliveries()
    _create_reports()
    _create_leases()


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, BIG, nullable=nullable, autoincrement=False)


def _small(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, SMALL, nullable=nullable)


def _zero(name: str, kind: Any = BIG) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default="0")


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        _text("tenant_id"),
        _number("number"),
        _text("id"),
        _text("type"),
        _number("at"),
        _number("written_at"),
        _number("organization_id", nullable=True),
        _text("user_id", nullable=True),
        _text("trigger_id", nullable=True),
        _text("meter", nullable=True),
        _small("to_tenant"),
        _small("to_organization"),
        _text("endpoint_ids", nullable=True),
        _text("data"),
        _small("fanned_out"),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_notifications"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_notifications_tenant_id_id"),
        **CLUSTERED,
    )
    columns = ["tenant_id", "number"]
    _index("ix_notifications_waiting", "notifications", columns, "fanned_out = 0")
    columns = ["tenant_id", "trigger_id", "number"]
    _index("ix_notifications_by_trigger", "notifications", columns)
    op.create_table(
        "notification_numbers",
        _text("tenant_id"),
        _number("last_number"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_notification_numbers"),
        **CLUSTERED,
    )


def _create_endpoints() -> None:
    op.create_table(
        "endpoints",
        _text("tenant_id"),
        _text("id"),
        _number("organization_id", nullable=True),
        _text("kind"),
        _text("name"),
        _text("url", nullable=True),
        _text("shown_url", nullable=True),
        _text("addresses", nullable=True),
        _text("types"),
        _text("secrets", nullable=True),
        _text("status"),
        _number("after_number"),
        _zero("sequence"),
        _number("failing_since", nullable=True),
        _small("last_status", nullable=True),
        _number("created_at"),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_endpoints"),
        **CLUSTERED,
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("tenant_id"),
        _text("endpoint_id"),
        _text("address"),
        _number("sequence"),
        _number("number"),
        _text("status"),
        _zero("attempts"),
        _zero("failures"),
        _zero("set_aside", SMALL),
        _zero("send_now", SMALL),
        _number("first_attempt_at", nullable=True),
        _small("last_status", nullable=True),
        _text("last_code", nullable=True),
        _number("next_attempt_at"),
        _number("delivered_at", nullable=True),
        _number("created_at"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "endpoint_id", "address", "sequence", name="pk_deliveries"
        ),
        **CLUSTERED,
    )
    _index("ix_deliveries_by_notification", "deliveries", ["tenant_id", "number"])
    columns = ["tenant_id", "endpoint_id", "address", "sequence"]
    _index("ix_deliveries_pending", "deliveries", columns, "status = 'pending'")
    _index("ix_deliveries_at_once", "deliveries", ["tenant_id"], "send_now = 1")
    op.create_table(
        "delivery_attempts",
        _text("tenant_id"),
        _text("endpoint_id"),
        _text("address"),
        _number("sequence"),
        _number("attempt"),
        _number("at"),
        _number("milliseconds"),
        _small("status", nullable=True),
        _text("code", nullable=True),
        _text("excerpt"),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "endpoint_id",
            "address",
            "sequence",
            "attempt",
            name="pk_delivery_attempts",
        ),
        **CLUSTERED,
    )
    columns = ["tenant_id", "address", "at"]
    _index("ix_delivery_attempts_of_mail", "delivery_attempts", columns, "address <> ''")


def _create_reports() -> None:
    op.create_table(
        "reports",
        _text("tenant_id"),
        _text("id"),
        _number("organization_id", nullable=True),
        _text("user_id", nullable=True),
        _text("schedule"),
        _small("hour"),
        _text("endpoint_id"),
        _number("last_period", nullable=True),
        _number("created_at"),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_reports"),
        **CLUSTERED,
    )
    op.create_table(
        "unsubscribed_addresses",
        _text("tenant_id"),
        _text("endpoint_id"),
        _text("address"),
        _number("at"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "endpoint_id", "address", name="pk_unsubscribed_addresses"
        ),
        **CLUSTERED,
    )


def _create_leases() -> None:
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        _number("until"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
        **CLUSTERED,
    )
