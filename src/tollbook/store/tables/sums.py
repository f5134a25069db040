"""The tables of sums: answers are read from them, not from events."""

from sqlalchemy import Column, Integer, Table, Text

from tollbook.store.tables.columns import (
    BIG,
    SMALL,
    SUMMED,
    key,
    metadata,
    organization,
    part,
    sums,
)

# User before day: one user's days are one short range, and all users' days of an edge month are
# another. Measured in docs/decisions/0004. By country too: most users have one of it a day.
usage_daily = Table(
    "usage_daily",
    metadata,
    organization(),
    key("month", Integer),
    key("user_id", Text),
    key("meter", SMALL),
    key("day", Integer),
    key("country", Text),
    part(),
    *sums(),
    **SUMMED,
)

usage_monthly = Table(
    "usage_monthly",
    metadata,
    organization(),
    key("month", Integer),
    key("user_id", Text),
    key("meter", SMALL),
    part(),
    *sums(),
    **SUMMED,
)

# Sums without users: questions about whole organizations, or all of a tenant's, read few rows,
# whatever the number of users and events. Measured in docs/decisions/0013.
organization_daily = Table(
    "organization_daily",
    metadata,
    organization(),
    key("month", Integer),
    key("meter", SMALL),
    key("day", Integer),
    part(),
    *sums(),
    **SUMMED,
)

organization_monthly = Table(
    "organization_monthly",
    metadata,
    organization(),
    key("month", Integer),
    key("meter", SMALL),
    part(),
    *sums(),
    **SUMMED,
)

organization_hourly = Table(
    "organization_hourly",
    metadata,
    organization(),
    key("month", Integer),
    key("meter", SMALL),
    key("hour", BIG),
    key("country", Text),
    part(),
    *sums(),
    **SUMMED,
)

# Distinct resources cannot be added up, so the days of their use are stored.
resources_daily = Table(
    "resources_daily",
    metadata,
    organization(),
    key("month", Integer),
    key("user_id", Text),
    key("meter", SMALL),
    key("resource_id", Text),
    key("day", Integer),
    Column("count", BIG, nullable=False),
    **SUMMED,
)

# The days of a month on which an organization used a resource that is counted, as bits 1 to 31 of
# `days`. A tenant's distinct resources are then counted from few rows.
organization_resources = Table(
    "organization_resources",
    metadata,
    organization(),
    key("month", Integer),
    key("meter", SMALL),
    key("resource_id", Text),
    Column("days", BIG, nullable=False),
    **SUMMED,
)

# The quantity that a month has billed so far under a tier key. It is read and changed while the
# transaction holds the organization's ledger, so that each event continues where the last one
# ended.
tier_positions = Table(
    "tier_positions",
    metadata,
    organization(),
    key("month", Integer),
    key("tier_key", Text),
    Column("quantity", BIG, nullable=False),
    **SUMMED,
)
