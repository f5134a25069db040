"""How Alembic reaches the database: over the connection that `store.migrate` hands it."""

from alembic import context

from tollbook.store.tables.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
