"""Mark own meters as used in the transaction of their first events."""

from collections.abc import Collection, Mapping

from tollbook.store import meters
from tollbook.store.database import Transaction
from tollbook.store.versions import require_same_directory

UsedMeters = Mapping[str, Collection[int]]
"""The codes of meters that got their first events, by tenant."""


def mark_used(transaction: Transaction, used: UsedMeters, now: int) -> UsedMeters:
    """Store that meters have events, so that their unit and category are fixed; return them.

    The transaction holds the ledgers of the events: locking meters before ledgers in one place and
    after them in another would let two transactions wait for each other. Raise `DirectoryChanged`
    when a meter may have changed since the events were read.
    """
    found = {tenant: codes for tenant, codes in used.items() if codes}
    for tenant in sorted(found):
        meters.mark_used(transaction, tenant, found[tenant], now)
    if found:
        require_same_directory(transaction)
    return found
