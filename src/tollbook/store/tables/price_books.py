"""Price books and their rates."""

from sqlalchemy import Column, Integer, Table, Text

from tollbook.store.tables.columns import BIG, CLUSTERED, STRICT, key, metadata

# Without `published_at` a book is a draft. `organization_id` is set for an organization's own book.
# The ids from `first_rate` to `last_rate` are its rates, and no other book's.
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
# thousand prefixes has a few hundred templates. Each is a row, so that a page of rates reads only
# its own.
rate_templates = Table(
    "rate_templates",
    metadata,
    key("tenant_id", Text),
    key("version", Integer),
    key("number", Integer),
    Column("rate", Text, nullable=False),
    **CLUSTERED,
)

# Keyed by its own number, because an event names the rate that priced it. The book is found by its
# block of numbers, so that a row is small.
rates = Table(
    "rates",
    metadata,
    key("rate_id", BIG),
    Column("template", Integer, nullable=False),
    Column("to_prefix", Text, nullable=False),
    Column("from_prefix", Text, nullable=False),
    **STRICT,
)
