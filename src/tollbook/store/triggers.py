"""The statements of triggers."""

from collections.abc import Iterable
from typing import Any

import msgspec

from tollbook.domain.triggers import Threshold, Trigger
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.tokens import new_token

_COLUMNS = (
    *("id", "organization_id", "user_id", "source", "name", "figure", "category", "meter"),
    *("currency", "period", "kind", "thresholds", "owner", "endpoint_ids", "status"),
    *("created_at", "changed_at", "watched_from"),
)
_FIELDS = ("id", "organization", *_COLUMNS[2:])
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM triggers WHERE tenant_id = :tenant"
_thresholds = msgspec.json.Decoder(tuple[Threshold, ...])
_ids = msgspec.json.Decoder(tuple[str, ...])

TENANTS_WITH_TRIGGERS = f"""
SELECT tenant_id, token, triggers_token FROM tenants WHERE triggers_token <> 0 {ALL_TENANTS}
"""


def tenants_with_triggers(snapshot: Snapshot) -> dict[str, tuple[int, int]]:
    """Return the tenants that ever had triggers, with the tokens of what triggers depend on."""
    found = snapshot.rows(TENANTS_WITH_TRIGGERS)
    return {tenant: (token, of_triggers) for tenant, token, of_triggers in found}


def tokens_of(snapshot: Snapshot, tenant: str) -> tuple[int, int]:
    """Return the tokens of what the triggers of a tenant depend on."""
    row = snapshot.row(
        "SELECT token, triggers_token FROM tenants WHERE tenant_id = :tenant", tenant=tenant
    )
    return (row[0], row[1]) if row else (0, 0)


def change_triggers_token(transaction: Transaction, tenant: str) -> None:
    """Make the process that watches triggers read those of a tenant again."""
    transaction.execute(
        "UPDATE tenants SET triggers_token = :token WHERE tenant_id = :tenant",
        token=new_token() or 1,
        tenant=tenant,
    )


def triggers(snapshot: Snapshot, tenant: str) -> list[Trigger]:
    """List a tenant's triggers by id."""
    rows = snapshot.table(f"{_SELECT} ORDER BY id", {"tenant": tenant}, len(_COLUMNS))
    return [_trigger(row) for row in rows]


def find_trigger(snapshot: Snapshot, tenant: str, identity: str) -> Trigger | None:
    """Find a trigger of a tenant."""
    if "\0" in identity:  # PostgreSQL refuses to look for it
        return None
    row = snapshot.row(f"{_SELECT} AND id = :id", tenant=tenant, id=identity)
    return _trigger(row) if row else None


def put_trigger(transaction: Transaction, tenant: str, trigger: Trigger) -> None:
    """Insert a trigger, or replace it."""
    names = ", ".join(_COLUMNS)
    values = ", ".join(f":{it}" for it in _COLUMNS)
    changes = ", ".join(f"{it} = excluded.{it}" for it in _COLUMNS[1:])
    transaction.execute(
        f"INSERT INTO triggers (tenant_id, {names}) VALUES (:tenant, {values}) "
        f"ON CONFLICT (tenant_id, id) DO UPDATE SET {changes}",
        tenant=tenant,
        **_row(trigger),
    )
    change_triggers_token(transaction, tenant)


def remove_triggers(transaction: Transaction, tenant: str, identities: Iterable[str]) -> None:
    """Delete triggers; what they have fired stays."""
    for identity in identities:
        transaction.execute(
            "DELETE FROM triggers WHERE tenant_id = :tenant AND id = :id",
            tenant=tenant,
            id=identity,
        )
    change_triggers_token(transaction, tenant)


def _trigger(row: Row) -> Trigger:
    fields: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    fields["thresholds"] = _thresholds.decode(fields["thresholds"])
    fields["endpoint_ids"] = _ids.decode(fields["endpoint_ids"])
    return msgspec.convert(fields, Trigger)


def _row(trigger: Trigger) -> dict[str, Any]:
    values = [getattr(trigger, name) for name in _FIELDS]
    row = dict(zip(_COLUMNS, values, strict=True))
    for name in ("source", "figure", "period", "kind", "owner", "status"):
        row[name] = str(row[name])
    for name in ("thresholds", "endpoint_ids"):
        row[name] = msgspec.json.encode(row[name]).decode()
    return row
