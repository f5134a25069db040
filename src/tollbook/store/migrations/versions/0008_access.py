"""Limits of keys, viewer tokens, and an audit log that nobody can change.

Keys may end, be narrowed to meters and addresses, and be used so often a minute. Viewer tokens are
signed with a secret of their tenant; those taken back are remembered. The audit log learns whose
organization an act was about and from where it was done, and refuses to be changed.

Revision: 0008, after 0007.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_REFUSAL = "the audit log is only ever added to"


def upgrade() -> None:
    for name, kind in (
        ("expires_at", BIG),
        ("meters", sa.Text()),
        ("addresses", sa.Text()),
        ("requests_per_minute", sa.Integer()),
        ("last_used_at", BIG),
    ):
        op.add_column("api_keys", sa.Column(name, kind))
    op.create_table(
        "viewer_secrets",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_viewer_secrets"),
        **CLUSTERED,
    )
    op.create_table(
        "viewer_revocations",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", BIG, nullable=False, autoincrement=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", "organization_id", name="pk_viewer_revocations"),
        **CLUSTERED,
    )
    op.add_column("audit_log", sa.Column("organization_id", BIG))
    op.add_column("audit_log", sa.Column("address", sa.Text()))
    op.create_index(
        "ix_audit_log_by_organization", "audit_log", ["tenant_id", "organization_id", "at", "id"]
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    """Write what refuses every change; PostgreSQL can empty a table without touching its rows."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER audit_log_no_{act.lower()} BEFORE {act} ON audit_log "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit_log()",
        "CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log()",
    ]
