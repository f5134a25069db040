"""Triggers, what they have fired, and what they expect."""

from sqlalchemy import Column, Table, Text

from tollbook.store.tables.columns import BIG, CLUSTERED, SMALL, key, metadata, organization

# `organization_id` is 0 for a trigger on the whole tenant, and `user_id`, `category`, `meter` and
# `currency` are empty where they do not apply. `thresholds` is JSON: each with the instant from
# which it is watched; for a deviation, its sensitivity and direction. Periods that ended before
# `watched_from` are not watched. All triggers of a tenant are one short range.
triggers = Table(
    "triggers",
    metadata,
    key("tenant_id", Text),
    key("id", Text),
    Column("organization_id", BIG, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("figure", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("thresholds", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("endpoint_ids", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    Column("watched_from", BIG, nullable=False),
    **CLUSTERED,
)

# A threshold that a period has reached: the key prevents a second firing by any process. Instants
# of periods are in microseconds; the period of all time starts at 0. `threshold` is the amount in
# nanos, micros or events as digits, because it may exceed 64 bits, or the direction of a deviation.
# `notified` is 0 for what was reached before Tollbook notified.
trigger_states = Table(
    "trigger_states",
    metadata,
    organization(),
    key("trigger_id", Text),
    key("period_start", BIG),
    key("threshold", Text),
    Column("period_end", BIG, nullable=False),
    Column("value", Text, nullable=False),
    Column("reached_at", BIG, nullable=False),
    Column("cleared_at", BIG),
    Column("notified", SMALL, nullable=False),
    **CLUSTERED,
)

# What a deviation expects of a period, as it was at the first look: later events of the past change
# nothing about it.
trigger_baselines = Table(
    "trigger_baselines",
    metadata,
    organization(),
    key("trigger_id", Text),
    key("period_start", BIG),
    Column("period_end", BIG, nullable=False),
    Column("expected", Text, nullable=False),
    Column("spread", Text, nullable=False),
    **CLUSTERED,
)
