"""Rerating runs, and the charges that events had before them."""

from sqlalchemy import Column, Integer, Table, Text

from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    EVENT_ID,
    SMALL,
    key,
    metadata,
    organization,
    zero,
)

# The charges that events had before a run. The id before the run: all charges of an event are one
# short range, and a day that is reverted is another.
charge_history = Table(
    "charge_history",
    metadata,
    organization(),
    key("day", Integer),
    key("id", EVENT_ID),
    key("run_id", Integer),
    Column("cost", BIG, nullable=False),
    Column("billed", BIG, nullable=False),
    Column("rate_id", BIG),
    Column("buy", BIG),
    Column("position", BIG),
    Column("tier_key", Text),
    **CLUSTERED,
)

# A tenant's runs are numbered from 1. `at_organization` and `at_day` are the progress of a run, and
# move in the transactions of its days. `costs` and `purchases` are sums by currency as digits:
# those of a whole tenant may exceed 64 bits.
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
    zero("buy_changed"),
    Column("purchases", Text, nullable=False, server_default="{}"),
    **CLUSTERED,
)

# The first events that a run could not price; the run has their number.
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
