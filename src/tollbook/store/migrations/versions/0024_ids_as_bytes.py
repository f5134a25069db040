"""Ids of events as bytes: a UUID or 32 hexadecimal digits take 16 bytes instead of 36 or 32.

The forms are described in `store.event_ids`, the copying in `ids_as_bytes`, which copies a ledger
with many events before this migration begins. `id_text` returns the text of an id. Views show
events with the texts of ids and times.

Revision: 0024, after 0023.
"""

from alembic import context, op

from tollbook.store.migrations.ids_as_bytes import Conversion
from tollbook.store.migrations.readable_views import ID_TEXT, views

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Convert the rows that are not converted yet, and create the function and the views."""
    connection = op.get_bind()
    attributes = context.config.attributes
    conversion = Conversion(attributes["engine"], connection)
    conversion.begin()
    while conversion.step():
        pass
    conversion.finish(attributes["progress"])
    if connection.dialect.name == "postgresql":
        op.execute(ID_TEXT)
    for view in views(connection.dialect.name):
        op.execute(attributes["engine"].statement(view))
