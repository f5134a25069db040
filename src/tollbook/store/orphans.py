"""The statements that find rows of organizations, tenants and users that do not exist."""

from collections.abc import Iterator

from tollbook.store.archives import ORGANIZATION_LEVEL
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.verification import MOST_SHOWN, RowDifference

CHECK = "owners"

_OF_USERS = ("events", "usage_daily", "usage_monthly", "resources_daily", "archived_sums")
_OF_ORGANIZATIONS = (
    *("organization_daily", "organization_monthly", "organization_hourly"),
    *("organization_resources", "tier_positions", "archived_months", "users"),
    *("quarantine", "quarantine_counts", "corrections"),
)

# Organization-level sums have no user, but their events may name one. Events are only read for
# users that are missing, because the index answers for all others.
_IS_BILLED = {
    "events": f"""
        AND EXISTS (
            SELECT 1 FROM events
            WHERE events.organization_id = owned.organization_id
                AND events.user_id = owned.user_id AND NOT {ORGANIZATION_LEVEL}
        )"""
}


def _statement(table: str, user: str) -> str:
    return f"""
SELECT owned.organization_id, owned.user_id, organizations.organization_id IS NULL
FROM (SELECT DISTINCT organization_id, {user} AS user_id FROM {table}) AS owned
LEFT JOIN organizations ON organizations.organization_id = owned.organization_id
LEFT JOIN users ON users.organization_id = owned.organization_id AND users.id = owned.user_id
WHERE organizations.organization_id IS NULL
    OR (owned.user_id <> '' AND users.id IS NULL{_IS_BILLED.get(table, "")})
ORDER BY 1, 2 LIMIT :most {ALL_TENANTS}
"""


_STATEMENTS = {
    **{table: _statement(table, "user_id") for table in _OF_USERS},
    **{table: _statement(table, "''") for table in _OF_ORGANIZATIONS},
}
# An organization that was deleted with its tenant keeps its number.
_WITHOUT_TENANT = f"""
SELECT organization_id, tenant_id FROM organizations
WHERE (
        status <> '{UNKNOWN}'
        OR organization_id IN (SELECT organization_id FROM event_keys)
    )
    AND NOT EXISTS (SELECT 1 FROM tenants WHERE tenants.tenant_id = organizations.tenant_id)
ORDER BY 1 LIMIT :most {ALL_TENANTS}
"""

_ORIGINS = f"""
SELECT tenant_id, origin FROM origins
WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE tenants.tenant_id = origins.tenant_id)
ORDER BY 1, 2 LIMIT :most {ALL_TENANTS}
"""


def owner_differences(snapshot: Snapshot) -> Iterator[RowDifference]:
    """Yield the first rows of each table whose tenant, organization or user does not exist."""
    for number, tenant in snapshot.rows(_WITHOUT_TENANT, most=MOST_SHOWN):
        row = {"table": "organizations", "organization_id": number, "tenant_id": tenant}
        yield RowDifference(CHECK, "no such tenant", row)
    for tenant, origin in snapshot.rows(_ORIGINS, most=MOST_SHOWN):
        row = {"table": "origins", "tenant_id": tenant, "origin": origin}
        yield RowDifference(CHECK, "no such tenant", row)
    for table, sql in _STATEMENTS.items():
        for number, user, is_lost in snapshot.rows(sql, most=MOST_SHOWN):
            row = {"table": table, "organization_id": number, "user_id": user}
            yield RowDifference(CHECK, "no such organization" if is_lost else "no such user", row)
