"""The statements of leases: what only one process may do at a time."""

from tollbook.store.database import Transaction

_TAKE = """
INSERT INTO leases (name, holder, until) VALUES (:name, :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = :holder, until = :until
WHERE leases.holder = :holder OR leases.until < :now
RETURNING 1
"""
_RENEW = "UPDATE leases SET until = :until WHERE name = :name AND holder = :holder"
_RELEASE = "UPDATE leases SET until = 0 WHERE name = :name AND holder = :holder"


def take(transaction: Transaction, name: str, holder: str, now: int, until: int) -> bool:
    """Take a lease that is free or over, and return whether this holder has it.

    Instants are in microseconds since 1970, by one clock for all holders. On PostgreSQL this waits
    for a transaction of the present holder.
    """
    return transaction.insert(_TAKE, name=name, holder=holder, now=now, until=until) == 1


def renew(transaction: Transaction, name: str, holder: str, until: int) -> bool:
    """Renew a lease unless another holder has taken it; return whether this holder has it.

    Nobody can take it over until this transaction ends.
    """
    return transaction.execute(_RENEW, name=name, holder=holder, until=until) == 1


def release(transaction: Transaction, name: str, holder: str) -> None:
    """Let others take a lease at once."""
    transaction.execute(_RELEASE, name=name, holder=holder)
