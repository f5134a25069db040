"""The ledger: versions, identities, events, reversals and the quarantine."""

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    EVENT_ID,
    SMALL,
    STRICT,
    SUMMED,
    key,
    metadata,
    organization,
    zero,
)

# The state of an organization's ledger and users, and when it changed last. `token` is a random
# number that each change replaces, and `replaced` the number before it: an answer for the same
# token is valid, even when the database went back to an earlier state in between. Writers lock this
# row first, so that they do not deadlock. `parts` counts how often full rows of sums were set
# aside, and numbers those rows. `newest` is the time of the newest event, and `newest_received_at`
# when it was received: together they show how far metering lags behind. `received_at` is when the
# last events were received, of any age. `closed_day` is the last day that the sums of closed days
# may include: changes of it and of earlier ones are noted in `closed_months`.
ledger_versions = Table(
    "ledger_versions",
    metadata,
    organization(),
    Column("token", BIG, nullable=False),
    Column("as_of", BIG, nullable=False),
    zero("newest"),
    zero("received_at"),
    zero("parts"),
    zero("newest_received_at"),
    zero("replaced"),
    Column("closed_day", Integer, nullable=False, server_default="0"),
    **SUMMED,
)

# Identities, which are never deleted, except those of an organization that was never created. `day`
# finds the event; it is 0 in quarantine, and -1 when the event was discarded from there. It stays 0
# when the event is corrected there: then the event is in `corrections` (docs/decisions/0066).
event_keys = Table(
    "event_keys",
    metadata,
    organization(),
    Column("fingerprint", BIG, nullable=False),
    Column("day", Integer, nullable=False),
    key("id", EVENT_ID),
    **CLUSTERED,
)

# The ledger. The day before the id keeps inserts of one day together and serves lists by period.
# The key assumes that events are looked up by id through `event_keys`, which has the day. A charge
# is replayed from the event and its rate: the event's own cost (`own_cost`), the local day, and for
# tiers what the month had billed without it (`position`, under `tier_key`). `buy` is NULL when it
# is not known. A reversal names in `reverses` the event whose figures it has with opposite signs;
# its cost is the opposite of what that event costs at the `position`. `hour` is the start of the
# local hour in minutes since 1970, `country` that of the number at the other end; sums are stored
# by both, and SQL could not compute them from time and attributes. The index serves questions about
# one user's events: pages and hours.
events = Table(
    "events",
    metadata,
    organization(),
    Column("time", BIG, nullable=False),
    Column("quantity", BIG, nullable=False),
    Column("billed", BIG, nullable=False),
    Column("cost", BIG, nullable=False),
    Column("received_at", BIG, nullable=False),
    Column("rate_id", BIG),
    Column("own_cost", BIG),
    Column("buy", BIG),
    Column("position", BIG),
    key("day", Integer),
    Column("hour", Integer, nullable=False, server_default="0"),
    Column("meter", SMALL, nullable=False),
    key("id", EVENT_ID),
    Column("user_id", Text, nullable=False),
    Column("resource_id", Text),
    Column("country", Text, nullable=False, server_default=""),
    Column("attributes", Text, nullable=False),
    Column("tier_key", Text),
    Column("reverses", EVENT_ID),
    Index("ix_events_by_user", "organization_id", "user_id", "day"),
    postgresql_partition_by="RANGE (day)",
    **CLUSTERED,
)

# Keyed by the reversed event, which is reversed once. The other key finds a reversal's reason.
reversals = Table(
    "reversals",
    metadata,
    organization(),
    key("reverses", EVENT_ID),
    Column("id", EVENT_ID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key_prefix", Text),
    Column("received_at", BIG, nullable=False),
    Unique("organization_id", "id"),
    **CLUSTERED,
)

# Keyed by the corrected event, which is corrected once; the other key is that of the new event.
# `reversal_id` is NULL when the corrected event was in quarantine; the last four columns are the
# event as it was there, and NULL when it was charged. The users are those of both events: erasing
# one of them erases the reason, archived or not. Not clustered: SQLite appends rows, where wide
# ones in the order of random ids would change a page each. Erasing and removing a user, which is
# rare, reads all corrections of the organization: an index by user would cost each one a page.
corrections = Table(
    "corrections",
    metadata,
    organization(),
    key("corrects", EVENT_ID),
    Column("id", EVENT_ID, nullable=False),
    Column("reversal_id", EVENT_ID),
    Column("reason", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("corrected_user_id", Text, nullable=False),
    Column("key_prefix", Text),
    Column("received_at", BIG, nullable=False),
    Unique("organization_id", "id"),
    Column("quarantined_at", BIG),
    Column("quarantine_code", Text),
    Column("quarantine_reason", Text),
    Column("quarantined_event", Text),
    **STRICT,
)

# Events that are not charged, as they came. One index counts those of one user, the other those
# that wait for their carrier's price, by their age; `meter` and `time` serve selections, and
# `country`, as in `events`, the groups of events without a price. Not
# clustered: SQLite keeps events that came together together, and they are often corrected together,
# where 1,000 of random ids in a quarantine of 12,000 would change 670 pages.
quarantine = Table(
    "quarantine",
    metadata,
    organization(),
    key("id", EVENT_ID),
    Column("received_at", BIG, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("event", Text, nullable=False),
    zero("time"),
    Column("user_id", Text, nullable=False, server_default=""),
    Column("meter", SMALL, nullable=False, server_default="0"),
    Column("country", Text, nullable=False, server_default=""),
    Index("ix_quarantine_by_user", "organization_id", "user_id"),
    Index(
        "ix_quarantine_pending",
        "organization_id",
        "time",
        sqlite_where=text("code = 'cost_pending'"),
        postgresql_where=text("code = 'cost_pending'"),
    ),
    **STRICT,
)

# How many events of an organization are in quarantine for each reason: a quarantine may have
# millions of them, and every answer and every commit that adds to it needs the number. It changes
# under the lock of the ledger.
quarantine_counts = Table(
    "quarantine_counts",
    metadata,
    organization(),
    key("code", Text),
    Column("events", BIG, nullable=False),
    **SUMMED,
)

# Replays and discards, numbered from 1 for each tenant. `organization_id` to `end_time` are the
# selection; `organization` is the id of that organization, because a discard may delete one that
# only events named. `at_organization` and `at_id` are the progress, and move in the transactions
# that change the events.
quarantine_runs = Table(
    "quarantine_runs",
    metadata,
    key("tenant_id", Text),
    key("id", Integer),
    Column("action", Text, nullable=False),
    Column("organization_id", BIG),
    Column("organization", Text),
    Column("meter", SMALL),
    Column("start_time", BIG),
    Column("end_time", BIG),
    Column("status", Text, nullable=False),
    Column("at_organization", BIG, nullable=False),
    Column("at_id", Text, nullable=False),
    Column("expected", BIG, nullable=False),
    Column("events", BIG, nullable=False),
    Column("released", BIG, nullable=False),
    Column("discarded", BIG, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("moved_at", BIG, nullable=False),
    Column("finished_at", BIG),
    Column("reason", Text),
    Column("codes", Text),
    Column("ids", Text),
    **CLUSTERED,
)
