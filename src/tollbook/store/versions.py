"""The states of the directory and of each ledger, named by random tokens (decision 31)."""

from collections.abc import Iterable
from typing import NamedTuple

from tollbook.domain.errors import DirectoryChanged
from tollbook.store.citus.versions import OF_SHARDS, PLACES, NodeVersion, ShardVersions
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS
from tollbook.store.tokens import new_token


def change_token(transaction: Transaction, tenant: str) -> None:
    """Make every process that keeps a tenant's part of the directory in memory read it again."""
    token = new_token()
    transaction.execute(
        "UPDATE tenants SET token = :token WHERE tenant_id = :tenant", token=token, tenant=tenant
    )
    _change_state(transaction, token)


def tenant_token(snapshot: Snapshot, tenant: str) -> int:
    """Return the token of a tenant's part of the directory; 0 when there is no such tenant."""
    return snapshot.integer("SELECT token FROM tenants WHERE tenant_id = :tenant", tenant=tenant)


def tenant_tokens(snapshot: Snapshot, tenants: Iterable[str]) -> dict[str, int]:
    """Return the tokens of those tenants that exist."""
    rows = snapshot.table(
        "SELECT tenant_id, token FROM tenants WHERE tenant_id IN :tenants",
        {"tenants": list(tenants)},
        2,
    )
    return dict(rows)


def _change_state(transaction: Transaction, token: int) -> None:
    transaction.execute("UPDATE directory_state SET token = :token WHERE id = 1", token=token)
    transaction.directory_token = token


def require_same_directory(transaction: Transaction) -> None:
    """Raise `DirectoryChanged` when another transaction has changed the directory since."""
    token = transaction.integer("SELECT token FROM directory_state WHERE id = 1")
    if token != transaction.directory_token:
        raise DirectoryChanged


def renew_tokens(transaction: Transaction) -> None:
    """Make everything invalid that processes have cached of this database."""
    transaction.execute("UPDATE tenants SET token = :token", token=new_token())
    _change_state(transaction, new_token())
    transaction.execute(
        f"UPDATE ledger_versions SET token = :token {ALL_TENANTS}", token=new_token()
    )


def touch(transaction: Transaction, number: int, now: int) -> None:
    """Change the token of an organization's ledger: cached answers become invalid."""
    transaction.execute(
        """
        INSERT INTO ledger_versions (organization_id, token, as_of) VALUES (:number, :token, :now)
        ON CONFLICT (organization_id) DO UPDATE SET
            replaced = ledger_versions.token, token = excluded.token,
            as_of = CASE
                WHEN excluded.as_of > ledger_versions.as_of THEN excluded.as_of
                ELSE ledger_versions.as_of
            END
        """,
        number=number,
        token=new_token(),
        now=now,
    )


def received_at(snapshot: Snapshot, numbers: Iterable[int]) -> dict[int, int]:
    """Return when the last events were received, by number of the organization; 0 without any."""
    wanted = dict.fromkeys(numbers, 0)
    if not wanted:
        return {}
    rows = snapshot.table(
        "SELECT organization_id, received_at FROM ledger_versions "
        "WHERE organization_id IN :numbers",
        {"numbers": list(wanted)},
        2,
    )
    return wanted | dict(rows)


class LedgerVersion(NamedTuple):
    """The state of a ledger.

    An answer is valid as long as `token` is the same. `as_of` is when the ledger changed last,
    `received_at` when the last events were received, of any age, `newest` the time of the newest
    event, and `newest_received_at` when it was received. Instants are in microseconds, or 0.
    `nodes` has each node of a cluster when the ledgers are those of a tenant.
    """

    token: int
    as_of: int
    newest: int
    received_at: int
    newest_received_at: int
    nodes: tuple[NodeVersion, ...] = ()

    @property
    def newest_change(self) -> int:
        """Return the latest instant in a receipt of the ledger."""
        return max(self.as_of, self.received_at)

    @property
    def oldest_newest_change(self) -> int:
        """Return the latest change of the node whose latest change is the oldest.

        Each node is read in a snapshot of its own, so others may have later changes. Without a
        cluster there is one snapshot.
        """
        return min((it.newest_change for it in self.nodes), default=self.newest_change)


_EMPTY_LEDGER = LedgerVersion(0, 0, 0, 0, 0)


def ledger_version(snapshot: Snapshot, number: int) -> LedgerVersion:
    """Read the version of an organization's ledger; before the first write its token is 0."""
    row = snapshot.row(
        "SELECT token, as_of, newest, received_at, newest_received_at FROM ledger_versions "
        "WHERE organization_id = :number",
        number=number,
    )
    return LedgerVersion(*row) if row else _EMPTY_LEDGER


def ledger_version_of_all(snapshot: Snapshot, tenant: str) -> LedgerVersion:
    """Read the versions of the ledgers of all of a tenant's organizations as one.

    Its token is their sum and the tenant's, so it also changes with names and organizations.
    """
    if snapshot.is_divided:
        return _version_on_cluster(snapshot, tenant)
    row = snapshot.row(
        """
        SELECT
            whole.token, whole.as_of, whole.newest, whole.received_at,
            COALESCE(latest.newest_received_at, 0),
            COALESCE(tenants.token, 0)
        FROM (
            SELECT
                CAST(COALESCE(SUM(ledger_versions.token), 0) AS BIGINT) AS token,
                COALESCE(MAX(ledger_versions.as_of), 0) AS as_of,
                COALESCE(MAX(ledger_versions.newest), 0) AS newest,
                COALESCE(MAX(ledger_versions.received_at), 0) AS received_at
            FROM organizations
            JOIN ledger_versions ON ledger_versions.organization_id = organizations.organization_id
            WHERE organizations.tenant_id = :tenant
        ) AS whole
        LEFT JOIN (
            SELECT ledger_versions.newest_received_at
            FROM organizations
            JOIN ledger_versions ON ledger_versions.organization_id = organizations.organization_id
            WHERE organizations.tenant_id = :tenant
            ORDER BY ledger_versions.newest DESC, ledger_versions.newest_received_at
            LIMIT 1
        ) AS latest ON true
        LEFT JOIN tenants ON tenants.tenant_id = :tenant
        """,
        tenant=tenant,
    )
    assert row is not None  # noqa: S101  sums have one row
    *whole, of_tenant = row
    version = LedgerVersion(*whole)
    return version._replace(token=version.token + of_tenant)


def _version_on_cluster(snapshot: Snapshot, tenant: str) -> LedgerVersion:
    """Read every node once; the nodes of the shards and the tenant are read on the coordinator."""
    shards = ShardVersions(snapshot.table(OF_SHARDS, {"tenant": tenant}, 5))
    places: dict[int, int] = dict(snapshot.table(PLACES, {}, 2))
    whole = LedgerVersion(*shards.whole, nodes=shards.by_node(places))
    return whole._replace(token=whole.token + tenant_token(snapshot, tenant))
