"""Finish erasures: remove what was erased from the database's log of writes, and record that."""

from tollbook.store import pending_erasures
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database
from tollbook.store.error_translation import translate_errors

ACTION = "user.erase_finished"


def finish_erasures(database: Database, now: int, tenant: str | None = None) -> bool:
    """Finish the pending erasures of a tenant, or of all of them.

    Return False while others use the log of writes. Each is recorded in the audit log, with the key
    that erased.
    """
    with database.reading() as snapshot:
        pending = (
            pending_erasures.every(snapshot)
            if tenant is None
            else pending_erasures.of_tenant(snapshot, tenant)
        )
    if not pending:
        return True
    with translate_errors():
        if not database.engine.flush_traces():
            return False
    with database.writing() as transaction:
        for erasure in pending:
            if pending_erasures.finish(transaction, erasure):
                at = max(now, erasure.erased_at + 1)  # never before the erasure in the log
                actor = Actor(erasure.tenant, erasure.key_prefix, at)
                what = f"user {erasure.user} of {erasure.organization_id}"
                write_act(transaction, actor, ACTION, what, {}, organization=erasure.number)
    return True
