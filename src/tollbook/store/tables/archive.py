"""The tables of archives: their files, and the sums of the events in them."""

from sqlalchemy import Column, Integer, Table, Text

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
)

# A month is archived again when late events have come: each time is a part with its own file.
archived_months = Table(
    "archived_months",
    metadata,
    organization(),
    key("month", Integer),
    key("part", Integer),
    Column("file", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("events", BIG, nullable=False),
    Column("bytes", BIG, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("archived_at", BIG, nullable=False),
    **CLUSTERED,
)

# Files on disk that are not archives: those that a process writes, until its transaction records
# them as archives, and those that another file replaced, until they are removed.
archive_drafts = Table(
    "archive_drafts",
    metadata,
    organization(),
    key("file", Text),
    Column("folder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("recorded_at", BIG, nullable=False),
    **CLUSTERED,
)

# As fine as the finest sums, so that every sum, tier position and user's hour can be recomputed
# without the files. User before hour: a user's hours are one range in a month.
archived_sums = Table(
    "archived_sums",
    metadata,
    organization(),
    key("month", Integer),
    key("user_id", Text),
    key("meter", SMALL),
    key("day", Integer),
    key("hour", BIG),
    key("country", Text),
    key("tier_key", Text),
    key("resource_id", Text),
    part(),
    Column("events", BIG, nullable=False),
    *sums(),
    **SUMMED,
)

# One row for each secret that must never change.
secrets = Table(
    "secrets",
    metadata,
    key("name", Text),
    Column("value", Text, nullable=False),
    **CLUSTERED,
)

# Erasures whose data may still be in the database's log of writes. A row is deleted when the log
# has been emptied since.
pending_erasures = Table(
    "pending_erasures",
    metadata,
    key("tenant_id", Text),
    organization(),
    key("user_id", Text),
    Column("key_prefix", Text, nullable=False),
    Column("erased_at", BIG, nullable=False),
    **CLUSTERED,
)
