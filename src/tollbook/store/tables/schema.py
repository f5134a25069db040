"""All tables, each with its key and the question that the key serves; and their version.

Times are microseconds since 1970 in UTC, days are numbers such as 20240131, quantities are micros
and costs are nanos: integers all of them, the same in both engines. `organization_id` is a small
number given to a tenant's organization when an event or a request first names it. The platform's
own id is `organizations.id`; it is unique for a tenant only, so no tenant can learn or take
another's.
"""

from tollbook.store.tables import (
    alerts,
    archive,
    directory,
    events,
    meters,
    price_books,
    reratings,
    sums,
    triggers,
)
from tollbook.store.tables.columns import metadata

__all__ = (
    "alerts",
    "archive",
    "directory",
    "events",
    "metadata",
    "meters",
    "price_books",
    "reratings",
    "sums",
    "triggers",
)

SCHEMA_VERSION = "0024"
"""The latest migration, which every database that this Tollbook reads or writes must be at."""

UNFINISHED_COPY = "unfinished copy"
"""The schema version of the target of a copy until it is complete, so that no server uses it."""

UNFINISHED_CONVERSION = "unfinished conversion"
"""The schema version of a database while a migration copies its events in several transactions."""

UNFINISHED_DIVISION = "unfinished division"
"""The schema version of a database until a cluster has divided its tables."""
