"""Every table, its key, and which question the key serves.

Times are microseconds since 1970 in UTC, days are numbers such as 20240131, quantities are micros
and costs are nanos: integers all of them, the same in both engines. `organization_id` is a small
number given to a tenant's organization when it is first heard of. The platform's own id of it is
`organizations.id`; it is unique for a tenant only, so no tenant can learn or take another's.
"""

from sqlalchemy import Column, Index, Integer, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables import archive as schema_archive
from tollbook.store.tables import sums as schema_sums
from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    SMALL,
    STRICT,
    SUMMED,
    key,
    metadata,
    organization,
    zero,
)

__all__ = ("metadata", "schema_archive", "schema_sums")

SCHEMA_VERSION = "0011"
"""The latest migration, which every database that this Tollbook reads or writes must be at."""

# `number_format` says how digits without `+` are meant.
tenants = Table(
    "tenants",
    metadata,
    key("tenant_id", Text),
    Column("name", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("number_format", Text, nullable=False, server_default="strict"),
    Column("currency", Text, nullable=False, server_default="USD"),
    **CLUSTERED,
)

# An organization that events named before anyone created it has the status `unknown` and no name.
# Without a `number_format` its tenant's holds.
organizations = Table(
    "organizations",
    metadata,
    Column("organization_id", BIG, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("number_format", Text),
    Unique("tenant_id", "id"),
    **STRICT,
)

users = Table(
    "users",
    metadata,
    organization(),
    key("id", Text),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("status", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    **CLUSTERED,
)

# What an organization may cost in a month, or, where `user_id` is not empty, one of its users. All
# budgets of an organization are one short range. `monthly` is nanos
# in digits, which may be more than 64 bits hold; `alerts` are fractions, as JSON.
budgets = Table(
    "budgets",
    metadata,
    organization(),
    key("user_id", Text),
    Column("monthly", Text, nullable=False),
    Column("alerts", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    **CLUSTERED,
)

# Words separated by spaces in `permissions`, `meters` and `addresses`. `last_used_at` is behind by
# up to a minute and is the one column that is written without a new token of the directory.
api_keys = Table(
    "api_keys",
    metadata,
    key("prefix", Text),
    Column("hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("organization_id", BIG),
    Column("user_id", Text),
    Column("permissions", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("revoked_at", BIG),
    Column("expires_at", BIG),
    Column("meters", Text),
    Column("addresses", Text),
    Column("requests_per_minute", Integer),
    Column("last_used_at", BIG),
    **CLUSTERED,
)

# What a tenant's viewer tokens are signed with; another secret, and none of them holds any longer.
viewer_secrets = Table(
    "viewer_secrets",
    metadata,
    key("tenant_id", Text),
    Column("secret", Text, nullable=False),
    Column("made_at", BIG, nullable=False),
    **CLUSTERED,
)

# Tokens themselves are stored nowhere; those taken back stand here until they would have ended.
# `organization_id` is that of the key that took it back, 0 for a tenant's: nobody can take back the
# token of another organization by its id.
viewer_revocations = Table(
    "viewer_revocations",
    metadata,
    key("tenant_id", Text),
    key("id", Text),
    organization(),
    Column("expires_at", BIG, nullable=False),
    **CLUSTERED,
)

# Without `published_at` a book is a draft. `organization_id` is there for an organization's own
# book. Its rates are the block of ids from `first_rate` to `last_rate`, and no other book's.
price_books = Table(
    "price_books",
    metadata,
    key("tenant_id", Text),
    key("version", Integer),
    Column("organization_id", BIG),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("effective_from", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("published_at", BIG),
    Column("first_rate", BIG, nullable=False),
    Column("last_rate", BIG, nullable=False),
    **CLUSTERED,
)

# What rates of a book have in common: all but prefixes and id, as JSON. A deck of a hundred
# thousand prefixes has a few hundred; a row each, so that a page of rates reads only its own.
rate_templates = Table(
    "rate_templates",
    metadata,
    key("tenant_id", Text),
    key("version", Integer),
    key("number", Integer),
    Column("rate", Text, nullable=False),
    **CLUSTERED,
)

# Keyed by its own number: an event names the rate that priced it for as long as it is kept. The
# book is found by its block of numbers, so that a row is as small as it can be.
rates = Table(
    "rates",
    metadata,
    key("rate_id", BIG),
    Column("template", Integer, nullable=False),
    Column("to_prefix", Text, nullable=False),
    Column("from_prefix", Text, nullable=False),
    **STRICT,
)

# One row, read by the first statement of every transaction. `token` is a random number that each
# change of organizations, keys or price books replaces: a process that keeps those in memory
# compares it in the transaction that relies on them. `schema_version` is the latest migration: a
# Tollbook of another version must neither read nor write.
directory_state = Table(
    "directory_state",
    metadata,
    key("id", Integer),
    Column("token", BIG, nullable=False),
    Column("schema_version", Text, nullable=False, server_default=""),
    **CLUSTERED,
)

# The state of an organization's ledger and users, and when it changed last. `token` is a random
# number that each change replaces, and `replaced` the one before it: an answer given for the same
# token still holds, also when the database went back to an earlier state in between. Locking this
# row first keeps parallel writers from deadlock.
# `parts` counts how often full rows of sums were set aside: each time has a number of its own.
# `newest` is the time of the newest event there is, and `newest_received_at` when it came: together
# they report how far metering lags behind. `received_at` is when the last events came, of any age.
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
    **SUMMED,
)

# Identity for ever. `day` finds the event; 0 while the event is in quarantine.
event_keys = Table(
    "event_keys",
    metadata,
    organization(),
    key("id", Text),
    Column("fingerprint", BIG, nullable=False),
    Column("day", Integer, nullable=False),
    **CLUSTERED,
)

# The ledger. The day before the id keeps inserts of one day together and serves listing by period;
# it bets that events are looked up by id through `event_keys`, which knows the day.
# With its rate an event is all that a charge is replayed from: what it brought (`own_cost`), the
# local day, and for tiers what the month had billed without it (`position`, under `tier_key`).
# `buy` is NULL while nobody knows it. A reversal names in `reverses` the event whose figures it has
# with other signs; its cost too is the opposite of what that event costs at the `position`.
# `hour` is the start of its local hour in minutes since 1970, `country` that of the number at the
# other end; sums are kept by both, and could not be recomputed in SQL from time and attributes.
# The index serves what is asked of one user's events: a page of them, their hours.
events = Table(
    "events",
    metadata,
    organization(),
    key("day", Integer),
    key("id", Text),
    Column("user_id", Text, nullable=False),
    Column("meter", SMALL, nullable=False),
    Column("resource_id", Text),
    Column("time", BIG, nullable=False),
    Column("quantity", BIG, nullable=False),
    Column("billed", BIG, nullable=False),
    Column("cost", BIG, nullable=False),
    Column("rate_id", BIG),
    Column("attributes", Text, nullable=False),
    Column("received_at", BIG, nullable=False),
    Column("own_cost", BIG),
    Column("buy", BIG),
    Column("position", BIG),
    Column("tier_key", Text),
    Column("reverses", Text),
    zero("hour"),
    Column("country", Text, nullable=False, server_default=""),
    Index("ix_events_by_user", "organization_id", "user_id", "day"),
    postgresql_partition_by="RANGE (day)",
    **CLUSTERED,
)

# Keyed by what is taken back: an event is reversed once. The other key finds a reversal's reason.
reversals = Table(
    "reversals",
    metadata,
    organization(),
    key("reverses", Text),
    Column("id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key_prefix", Text),
    Column("received_at", BIG, nullable=False),
    Unique("organization_id", "id"),
    **CLUSTERED,
)

quarantine = Table(
    "quarantine",
    metadata,
    organization(),
    key("id", Text),
    Column("received_at", BIG, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("event", Text, nullable=False),
    zero("time"),
    **CLUSTERED,
)

# What events were charged before a run charged them again. The id before the run: all that an event
# was ever charged is one short range, and a day that is taken back is another.
charge_history = Table(
    "charge_history",
    metadata,
    organization(),
    key("day", Integer),
    key("id", Text),
    key("run_id", Integer),
    Column("cost", BIG, nullable=False),
    Column("billed", BIG, nullable=False),
    Column("rate_id", BIG),
    Column("buy", BIG),
    Column("position", BIG),
    Column("tier_key", Text),
    **CLUSTERED,
)

# A tenant's runs are numbered from 1. What sets a run apart from a plan is where it stands:
# `at_organization` and `at_day` move in the transactions of its batches. `costs` holds sums by
# currency in words: those of a whole tenant may be larger than an integer of 64 bits.
rerating_runs = Table(
    "rerating_runs",
    metadata,
    key("tenant_id", Text),
    key("id", Integer),
    Column("organization_id", BIG),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("version", Integer),
    Column("status", Text, nullable=False),
    Column("backwards", SMALL, nullable=False),
    Column("at_organization", BIG, nullable=False),
    Column("at_day", Integer, nullable=False),
    Column("expected", BIG, nullable=False),
    Column("events", BIG, nullable=False),
    Column("changed", BIG, nullable=False),
    Column("unpriced", BIG, nullable=False),
    Column("restored", BIG, nullable=False),
    Column("costs", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("moved_at", BIG, nullable=False),
    Column("finished_at", BIG),
    Column("reason", Text),
    **CLUSTERED,
)

# The first so many events that a run could not price; their count is with the run.
rerating_unpriced = Table(
    "rerating_unpriced",
    metadata,
    key("tenant_id", Text),
    key("run_id", Integer),
    organization(),
    key("day", Integer),
    key("id", Text),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    **CLUSTERED,
)

# Who did what to what, with which key, from where; only ever added to: triggers refuse all else. In
# the order it happened, for a tenant; the index serves a page of one organization's acts. Names and
# addresses of people are not in `details`: they could not be erased.
audit_log = Table(
    "audit_log",
    metadata,
    key("tenant_id", Text),
    key("at", BIG),
    key("id", Text),
    Column("key_prefix", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("organization_id", BIG),
    Column("address", Text),
    Index("ix_audit_log_by_organization", "tenant_id", "organization_id", "at", "id"),
    **CLUSTERED,
)
