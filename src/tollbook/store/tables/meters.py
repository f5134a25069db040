"""The meters that a tenant added, and the types of its CloudEvents."""

from sqlalchemy import Column, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables.columns import BIG, CLUSTERED, SMALL, key, metadata

# The built-in meters are code, and in no row. `code` is the number of the meter in all other
# tables; it has the category and the kind of the meter in it: 1000 times the number of the
# category, and 0 to 499, or 500 to 999 where the unit is a month. It is not used again once
# `used_at` is set, the instant of the meter's first event. `whole` and `resource_required` are 0 or
# 1. All meters of a tenant are one short range.
meters = Table(
    "meters",
    metadata,
    key("tenant_id", Text),
    key("type", Text),
    Column("code", SMALL, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("whole", SMALL, nullable=False),
    Column("resource_required", SMALL, nullable=False),
    Column("used_at", BIG),
    Column("created_at", BIG, nullable=False),
    Column("retired_at", BIG),
    Unique("tenant_id", "code"),
    **CLUSTERED,
)

# The meter of each type of CloudEvents that a tenant sends under another name. `name` has up to 255
# characters.
event_types = Table(
    "event_types",
    metadata,
    key("tenant_id", Text),
    key("name", Text),
    Column("meter", SMALL, nullable=False),
    Column("created_at", BIG, nullable=False),
    **CLUSTERED,
)
