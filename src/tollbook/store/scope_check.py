"""The scope check: a statement on tenants' data must name a tenant or organizations.

Every statement is checked, once for each text. It must be bound to a tenant, to organizations by
their numbers (which only the directory returns, for a tenant), or to the rows that a batch has
staged for them. A statement over all tenants contains `ALL_TENANTS`; a test lists each of them.
"""

import re
from functools import lru_cache

from tollbook.store.tables.schema import metadata

ALL_TENANTS = "/* all tenants */"

_columns = {name: set(table.columns.keys()) for name, table in metadata.tables.items()}
OF_TENANTS = frozenset(table for table in _columns if "tenant_id" in _columns[table]) - {"tenants"}
OF_ORGANIZATIONS = frozenset(table for table in _columns if "organization_id" in _columns[table])
_TABLES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:temp\.)?([a-z_0-9]+)")
_BOUND = re.compile(r"\b(?:tenant_id|organization_id) (?:= :|IN :|= ANY\(:)")
_STAGED = re.compile(r"\b(?:FROM|JOIN)\s+(?:temp\.)?(?:staging|recharged)\b")
_WRITTEN = re.compile(
    r"\bINSERT INTO [a-z_0-9]+ \(\s*(?:tenant_id|organization_id)\b[^)]*\)\s*VALUES \(\s*:"
)


class Unscoped(Exception):
    """A defect: a statement on tenants' data without a tenant or organizations; it is not run."""


@lru_cache(4096)
def check(sql: str) -> None:
    """Raise `Unscoped` for a statement that might return another tenant's data."""
    tables = set(_TABLES.findall(sql)) & (OF_ORGANIZATIONS | OF_TENANTS)
    if not tables or ALL_TENANTS in sql:
        return
    if not any(pattern.search(sql) for pattern in (_BOUND, _STAGED, _WRITTEN)):
        raise Unscoped(f"neither a tenant nor an organization in a statement on {sorted(tables)}")
