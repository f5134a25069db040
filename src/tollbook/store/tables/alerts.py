"""Notifications, endpoints, deliveries, reports, and the lease of the worker."""

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    SMALL,
    key,
    metadata,
    organization,
    zero,
)

# What happened. `number` is the order in which a tenant's notifications were written, and `id` a
# hash of the occasion: the same occasion is never written twice. `at` is when it became true,
# `written_at` when it was stored. `meter` is the type of the only meter that it is about, by which
# keys that are limited to meters see it; NULL for all others. `to_tenant` and `to_organization` are
# 0 or 1: whose endpoints it goes to. `endpoint_ids` is JSON, and NULL for every endpoint whose
# types match. The partial index serves the fan-out, the other one the notifications of a trigger.
notifications = Table(
    "notifications",
    metadata,
    key("tenant_id", Text),
    key("number", BIG),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", BIG, nullable=False),
    Column("written_at", BIG, nullable=False),
    Column("organization_id", BIG),
    Column("user_id", Text),
    Column("trigger_id", Text),
    Column("meter", Text),
    Column("to_tenant", SMALL, nullable=False),
    Column("to_organization", SMALL, nullable=False),
    Column("endpoint_ids", Text),
    Column("data", Text, nullable=False),
    Column("fanned_out", SMALL, nullable=False),
    Unique("tenant_id", "id"),
    Index(
        "ix_notifications_waiting",
        "tenant_id",
        "number",
        sqlite_where=text("fanned_out = 0"),
        postgresql_where=text("fanned_out = 0"),
    ),
    Index("ix_notifications_by_trigger", "tenant_id", "trigger_id", "number"),
    **CLUSTERED,
)

# The number of the last notification of each tenant. Its row is locked until the notification is
# committed, so that notifications become visible in the order of their numbers.
notification_numbers = Table(
    "notification_numbers",
    metadata,
    key("tenant_id", Text),
    Column("last_number", BIG, nullable=False),
    **CLUSTERED,
)

# `organization_id` is the owner, NULL for the tenant. `types` and `addresses` are JSON. `url` and
# `secrets` are encrypted; `shown_url` is the part of the URL that answers may show. `status` is
# `enabled`, `disabled` (by a person), `failing` (for three days) or `gone` (answered 410).
# `after_number` is the last notification before the endpoint was made, or before a person enabled
# it again. `sequence` is that of its last delivery. `failing_since` is the first failure since the
# last success.
endpoints = Table(
    "endpoints",
    metadata,
    key("tenant_id", Text),
    key("id", Text),
    Column("organization_id", BIG),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("shown_url", Text),
    Column("addresses", Text),
    Column("types", Text, nullable=False),
    Column("secrets", Text),
    Column("status", Text, nullable=False),
    Column("after_number", BIG, nullable=False),
    zero("sequence"),
    Column("failing_since", BIG),
    Column("last_status", SMALL),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    **CLUSTERED,
)

# One notification to one endpoint, or to one address of a mail endpoint; `address` is empty for
# other kinds. `number` is that of the notification, `sequence` has no gaps for an endpoint.
# `set_aside` is 1 when later deliveries no longer wait for this one, `send_now` when it was resent
# or is a test. `failures` counts the answers that may set it aside. The partial indexes serve the
# worker: what waits, and what is to be sent at once.
deliveries = Table(
    "deliveries",
    metadata,
    key("tenant_id", Text),
    key("endpoint_id", Text),
    key("address", Text),
    key("sequence", BIG),
    Column("number", BIG, nullable=False),
    Column("status", Text, nullable=False),
    zero("attempts"),
    zero("failures"),
    Column("set_aside", SMALL, nullable=False, server_default="0"),
    Column("send_now", SMALL, nullable=False, server_default="0"),
    Column("first_attempt_at", BIG),
    Column("last_status", SMALL),
    Column("last_code", Text),
    Column("next_attempt_at", BIG, nullable=False),
    Column("delivered_at", BIG),
    Column("created_at", BIG, nullable=False),
    Index("ix_deliveries_by_notification", "tenant_id", "number"),
    Index(
        "ix_deliveries_pending",
        "tenant_id",
        "endpoint_id",
        "address",
        "sequence",
        sqlite_where=text("status = 'pending'"),
        postgresql_where=text("status = 'pending'"),
    ),
    Index(
        "ix_deliveries_at_once",
        "tenant_id",
        sqlite_where=text("send_now = 1"),
        postgresql_where=text("send_now = 1"),
    ),
    **CLUSTERED,
)

# `at` is in microseconds, `status` that of HTTP or SMTP, `code` why there is none, `excerpt` up to
# 200 characters of the answer. The index serves the limit on mails to an address.
delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    key("tenant_id", Text),
    key("endpoint_id", Text),
    key("address", Text),
    key("sequence", BIG),
    key("attempt", BIG),
    Column("at", BIG, nullable=False),
    Column("milliseconds", BIG, nullable=False),
    Column("status", SMALL),
    Column("code", Text),
    Column("excerpt", Text, nullable=False),
    Index(
        "ix_delivery_attempts_of_mail",
        "tenant_id",
        "address",
        "at",
        sqlite_where=text("address <> ''"),
        postgresql_where=text("address <> ''"),
    ),
    **CLUSTERED,
)

# A summary that is mailed on a schedule. `organization_id` and `user_id` are its subject, NULL for
# the whole tenant. `hour` is that of the subject's time zone. `last_period` is the first day of the
# period that was written last.
reports = Table(
    "reports",
    metadata,
    key("tenant_id", Text),
    key("id", Text),
    Column("organization_id", BIG),
    Column("user_id", Text),
    Column("schedule", Text, nullable=False),
    Column("hour", SMALL, nullable=False),
    Column("endpoint_id", Text, nullable=False),
    Column("last_period", BIG),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    **CLUSTERED,
)

# The addresses that no longer want the mails of an endpoint.
unsubscribed_addresses = Table(
    "unsubscribed_addresses",
    metadata,
    key("tenant_id", Text),
    key("endpoint_id", Text),
    key("address", Text),
    Column("at", BIG, nullable=False),
    **CLUSTERED,
)

# Who may do what only one process may do at a time, until when in microseconds since 1970.
leases = Table(
    "leases",
    metadata,
    key("name", Text),
    Column("holder", Text, nullable=False),
    Column("until", BIG, nullable=False),
    **CLUSTERED,
)

# A kind of event without a price that an organization has in quarantine: the key prevents a second
# notification as long as such events wait. `event_id` is the first of them, received at `since`.
# `notified` is 0 until a look has seen the group, 1 when it was notified alone, and 2 among the
# rest, beyond the most that are notified alone. `may_be_empty` is 1 after events of its code have
# left. The partial index serves the look, twice a second.
unpriced_groups = Table(
    "unpriced_groups",
    metadata,
    organization(),
    key("meter", SMALL),
    key("country", Text),
    key("code", Text),
    Column("event_id", Text, nullable=False),
    Column("since", BIG, nullable=False),
    Column("notified", SMALL, nullable=False, server_default="0"),
    Column("may_be_empty", SMALL, nullable=False, server_default="0"),
    Index(
        "ix_unpriced_groups_new",
        "organization_id",
        sqlite_where=text("notified = 0"),
        postgresql_where=text("notified = 0"),
    ),
    **CLUSTERED,
)

# How many events of a tenant were in quarantine, whenever a look found another number than before.
# The newest of those that are older than an hour is the number an hour ago; none is 0.
quarantine_samples = Table(
    "quarantine_samples",
    metadata,
    key("tenant_id", Text),
    key("at", BIG),
    Column("waiting", BIG, nullable=False),
    **CLUSTERED,
)

# The last time that a tenant was notified of a growing quarantine, and how many events it had then.
# `fell` is 1 since it had half as many.
quarantine_alarms = Table(
    "quarantine_alarms",
    metadata,
    key("tenant_id", Text),
    Column("at", BIG, nullable=False),
    Column("waiting", BIG, nullable=False),
    Column("fell", SMALL, nullable=False),
    **CLUSTERED,
)

# The hours in which events of an organization were received, as bits 0 to 23 of each day since 1970
# in UTC. The organization 0 is the whole tenant. Hours of the last weeks are read when nothing is
# received; older ones are deleted.
received_hours = Table(
    "received_hours",
    metadata,
    key("tenant_id", Text),
    key("organization_id", BIG),
    key("day", Integer),
    Column("hours", BIG, nullable=False),
    **CLUSTERED,
)

# Each silence that was notified, until events are received again: of an organization, or of the
# whole tenant (0). `since` is when the last events before it were received, in microseconds.
silences = Table(
    "silences",
    metadata,
    key("tenant_id", Text),
    key("organization_id", BIG),
    Column("since", BIG, nullable=False),
    **CLUSTERED,
)
