"""Tenants, organizations, users, budgets, keys and viewer tokens, and the audit log."""

from sqlalchemy import Column, Index, Integer, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables.columns import BIG, CLUSTERED, STRICT, key, metadata, organization

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
