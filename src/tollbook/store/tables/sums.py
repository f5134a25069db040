"""The tables of sums: answers are read from them, not from events."""

from sqlalchemy import Column, Index, Integer, Table, Text, text

from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    SMALL,
    SUMMED,
    key,
    metadata,
    organization,
    part,
    sums,
    zero,
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

# The sums of users from the first of a month to a day that has ended, as columns in JSON: a period
# that cuts a month is then the difference of two rows (docs/decisions/0071). `users` are in the
# order of appearance, so that those of a day begin with those of the days before. A row is valid up
# to `closed_months.through`. Serves the last day with usage up to a day.
closed_days = Table(
    "closed_days",
    metadata,
    organization(),
    key("day", Integer),
    Column("users", Text, nullable=False),
    Column("sums", Text, nullable=False),
    **CLUSTERED,
)

# Up to which day the closed days of a month are valid (`through`) and wanted (`wanted`), as numbers
# such as 20240131. `token` is a random number that each change of a day that has ended replaces:
# columns that were read before it are not stored. `built_at` is when the month was built last. The
# partial index serves the months that are to be built.
closed_months = Table(
    "closed_months",
    metadata,
    organization(),
    key("month", Integer),
    Column("token", BIG, nullable=False),
    Column("through", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    zero("built_at"),
    Index(
        "ix_closed_months_to_build",
        "organization_id",
        sqlite_where=text("through < wanted"),
        postgresql_where=text("through < wanted"),
    ),
    **CLUSTERED,
)
