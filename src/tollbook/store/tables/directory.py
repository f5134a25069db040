"""Tenants, organizations, users, budgets, keys, viewer tokens, origins, and the audit log."""

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy import UniqueConstraint as Unique

from tollbook.store.tables.columns import (
    BIG,
    CLUSTERED,
    STRICT,
    key,
    metadata,
    organization,
    zero,
)

# `number_format` is the meaning of digits without `+`. `token` is a random number that each change
# of the tenant's organizations, keys or price books replaces: a process keeps what it remembers of
# the tenant while it is the same. `triggers_token` is one that each change of triggers, budgets or
# the time zone replaces, and 0 before the first. `timezone` is that of the tenant's own triggers.
tenants = Table(
    "tenants",
    metadata,
    key("tenant_id", Text),
    Column("name", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("number_format", Text, nullable=False, server_default="strict"),
    Column("currency", Text, nullable=False, server_default="USD"),
    zero("token"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    zero("triggers_token"),
    **CLUSTERED,
)

# The time zones that a tenant had, each since an instant; no rows before the first change. Periods
# of triggers are computed from them, so that a change moves no period that has begun.
tenant_zones = Table(
    "tenant_zones",
    metadata,
    key("tenant_id", Text),
    key("since", BIG),
    Column("timezone", Text, nullable=False),
    **CLUSTERED,
)

# An organization that events name before a request creates it has the status `unknown` and no name.
# Without a `number_format` its tenant's applies. The index serves the limit on such organizations.
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
    Column("email", Text),
    Unique("tenant_id", "id"),
    Index(
        "ix_organizations_unknown",
        "tenant_id",
        sqlite_where=text("status = 'unknown'"),
        postgresql_where=text("status = 'unknown'"),
    ),
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
    Column("permission", Text, nullable=False, server_default="user"),
    **CLUSTERED,
)

# A budget of an organization or, where `user_id` is not empty, of one of its users, for each day,
# week or month. All budgets of an organization are one short range. `amount` is nanos as digits,
# because it may exceed 64 bits; `alerts` are fractions, as JSON. The amount is the same `since`.
budgets = Table(
    "budgets",
    metadata,
    organization(),
    key("user_id", Text),
    key("period", Text),
    Column("amount", Text, nullable=False),
    Column("alerts", Text, nullable=False),
    Column("created_at", BIG, nullable=False),
    Column("changed_at", BIG, nullable=False),
    Column("since", BIG, nullable=False),
    **CLUSTERED,
)

# `permissions`, `meters` and `addresses` are words separated by spaces. `last_used_at` is up to a
# minute late, and the only column that is written without a new token of the directory. The ids of
# the key's events begin with `id_prefix`. `rate_limits` are the limits that requests of the key
# count against, each as a name and a number of requests per minute: those of the keys that created
# it, and its own. NULL is only its own.
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
    Column("id_prefix", Text),
    Column("rate_limits", Text),
    **CLUSTERED,
)

# The secret that signs a tenant's viewer tokens; a new secret makes all of them invalid.
viewer_secrets = Table(
    "viewer_secrets",
    metadata,
    key("tenant_id", Text),
    Column("secret", Text, nullable=False),
    Column("made_at", BIG, nullable=False),
    **CLUSTERED,
)

# Tokens are not stored, only revoked ones until they would expire. `organization_id` is that of the
# key that revoked the token, 0 for a tenant-wide key: so a key cannot revoke another organization's
# token by its id.
viewer_revocations = Table(
    "viewer_revocations",
    metadata,
    key("tenant_id", Text),
    key("id", Text),
    organization(),
    Column("expires_at", BIG, nullable=False),
    **CLUSTERED,
)

# The origins of pages that may show a tenant's usage. All origins of a tenant are one short range;
# the index serves preflight requests, which name an origin and no tenant.
origins = Table(
    "origins",
    metadata,
    key("tenant_id", Text),
    key("origin", Text),
    Column("created_at", BIG, nullable=False),
    Index("ix_origins_by_origin", "origin"),
    **CLUSTERED,
)

# One row, which the first statement of every transaction reads. `token` is a random number that
# each change of organizations, keys or price books replaces: a process that caches those compares
# it in the transaction that relies on them. `schema_version` is the latest migration: a Tollbook of
# another version must neither read nor write.
directory_state = Table(
    "directory_state",
    metadata,
    key("id", Integer),
    Column("token", BIG, nullable=False),
    Column("schema_version", Text, nullable=False, server_default=""),
    **CLUSTERED,
)

# Each act with its key, object and address. Triggers refuse to change or delete rows. The key
# serves a tenant's acts in order of time, the index a page of one organization's acts. `details`
# have no names and e-mail addresses of people, because they could not be erased.
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
