"""Where a cluster keeps each table: divided by organization, on every node, or on the coordinator.

Every statement of an organization's ledger then runs on one node, in one transaction of it.
"""

from enum import StrEnum

from sqlalchemy import Table

from tollbook.store.tables.columns import metadata

_GUARDED = frozenset({"audit_log"})
"""Tables with triggers, which a cluster refuses on tables that every node has."""
_KEPT_PLAIN = frozenset({"directory_state", "leases"})
"""Tables that no statement joins, and that change too often to be written on every node."""


class Placement(StrEnum):
    """Where a cluster keeps the rows of a table."""

    DIVIDED = "divided"
    EVERYWHERE = "everywhere"
    COORDINATOR = "coordinator"
    PLAIN = "plain"
    """On the coordinator, unknown to the cluster: writing it does not make a commit longer."""


def is_divided(table: Table) -> bool:
    """Return whether a table grows with events and users: its key begins with an organization."""
    first = next(iter(table.primary_key.columns)).name
    return first == "organization_id" and table.name != "organizations"


def placement_of(table: Table) -> Placement:
    """Return where a cluster keeps a table."""
    if is_divided(table):
        return Placement.DIVIDED
    if table.name in _KEPT_PLAIN:
        return Placement.PLAIN
    return Placement.COORDINATOR if table.name in _GUARDED else Placement.EVERYWHERE


FIRST_DIVIDED = "ledger_versions"
"""The table that decides on which node an organization is; the others follow it."""


def placements() -> dict[str, Placement]:
    """Return the tables in the order in which a cluster divides them."""
    names = sorted(metadata.tables, key=lambda name: (name != FIRST_DIVIDED, name))
    return {name: placement_of(metadata.tables[name]) for name in names}
