"""A cluster of Citus for tests: a coordinator and workers, each of which may be killed."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from chaos.places import Cluster, binaries
from tollbook.store.database import open_database
from tollbook.store.engine import Options
from tollbook.store.migrate import migrate
from tollbook.store.tables.placement import FIRST_DIVIDED

CITUS = "Citus"
NO_CITUS = "the extension Citus is not installed for the latest PostgreSQL on this machine"
_PATIENCE = 120.0
_SHARDS = 4
_SETTINGS = (
    "-c shared_preload_libraries=citus -c max_prepared_transactions=200 "
    "-c max_locks_per_transaction=512 -c max_worker_processes=48 -c wal_level=logical "
    "-c citus.recover_2pc_interval=5s -c citus.node_conninfo=sslmode=disable"
)
"""The settings that docs/cluster.md asks for; the nodes have no certificates."""
IN_DOUBT = "SELECT EXISTS (SELECT FROM pg_prepared_xacts)"
"""The query for whether a node has prepared transactions that are not committed yet."""
_SHARD = (
    f"get_shard_id_for_distribution_column('{FIRST_DIVIDED}', organization_id) "
    "FROM organizations WHERE id = '{}'"
)


def is_citus_installed() -> bool:
    """Return whether the latest PostgreSQL has the extension."""
    share = Path("/usr/share/postgresql") / binaries().parent.name
    return (share / "extension" / "citus.control").exists()


class Nodes:
    """The nodes of a cluster: PostgreSQL servers in folders of their own."""

    engine = CITUS

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.coordinator = _node(folder / "coordinator")
        self.workers = [_node(folder / f"worker_{number + 1}") for number in range(workers)]

    @property
    def url(self) -> str:
        """Return the URL of the coordinator's database."""
        return self.coordinator.url

    def create(self) -> "Nodes":
        """Create and start the nodes, and divide the tables of an empty database over them."""
        self.start()
        self.divide(self.coordinator.database, self.workers, _SHARDS)
        return self

    def start(self) -> None:
        """Create and start the nodes, which do not know each other yet."""
        for node in self.all():
            node.create()

    def divide(self, database: str, workers: Sequence[Cluster], shards: int) -> str:
        """Divide the tables of an empty database over some workers, and return its URL.

        Each database is a cluster of its own, so several of them can share the nodes.
        """
        for node in (self.coordinator, *workers):
            if database != node.database:
                node.execute(f"CREATE DATABASE {database}")
            node.execute("CREATE EXTENSION citus", database)
        port = self.coordinator.port
        add_coordinator = f"SELECT citus_set_coordinator_host('127.0.0.1', {port})"
        self.coordinator.execute(add_coordinator, database)
        for worker in workers:
            add = f"SELECT citus_add_node('127.0.0.1', {worker.port})"
            self.coordinator.execute(add, database)
        url = self.coordinator.url_of(database)
        with closing(open_database(url, options=Options(shard_count=shards))) as opened:
            migrate(opened)
        return url

    def worker_of(self, organization: str) -> Cluster:
        """Return the worker that has the rows of an organization."""
        port = self.coordinator.value(
            "SELECT nodeport FROM pg_dist_placement JOIN pg_dist_node USING (groupid) "
            f"WHERE shardid = (SELECT {_SHARD.format(organization)})"
        )
        return next(it for it in self.workers if it.port == port)

    def move(self, organization: str) -> None:
        """Move the rows of an organization, with all others of its shard, to the other worker."""
        self._remove_left_shards()
        source = self.worker_of(organization)
        target = next(it for it in self.workers if it is not source)
        self.coordinator.execute(
            "SELECT citus_move_shard_placement(shard, "
            f"'127.0.0.1', {source.port}, '127.0.0.1', {target.port}, 'block_writes') "
            f"FROM (SELECT {_SHARD.format(organization)}) AS found(shard)"
        )

    def _remove_left_shards(self) -> None:
        """Remove what the last move has left, as soon as no question reads it."""
        give_up = monotonic() + _PATIENCE
        while self.coordinator.value("SELECT EXISTS (SELECT FROM pg_dist_cleanup)"):
            if monotonic() > give_up:
                raise RuntimeError(f"moved shards remain after {_PATIENCE:.0f} seconds")
            self.coordinator.execute("CALL citus_cleanup_orphaned_resources()")
            sleep(0.1)

    def wait_until_decided(self) -> None:
        """Wait until no node has a transaction that is prepared and not committed yet."""
        give_up = monotonic() + _PATIENCE
        while any(it.value(IN_DOUBT) for it in self.all()):
            if monotonic() > give_up:
                raise RuntimeError(f"prepared transactions remain after {_PATIENCE:.0f} seconds")
            sleep(0.1)

    def drop(self) -> None:
        """Kill the nodes; their files are removed with the parent folder."""
        for node in self.all():
            node.drop()

    def all(self) -> list[Cluster]:
        """Return all nodes, the coordinator first."""
        return [self.coordinator, *self.workers]


def wait_until_prepared(nodes: Sequence[Cluster]) -> Cluster:
    """Wait until one of some nodes has a prepared transaction, and return that node."""
    give_up = monotonic() + _PATIENCE
    while monotonic() < give_up:
        for node in nodes:
            if node.value(IN_DOUBT):
                return node
        sleep(0.02)
    raise RuntimeError(f"no prepared transaction within {_PATIENCE:.0f} seconds")


@contextmanager
def held_commits(node: Cluster) -> Iterator[None]:
    """Make commits and prepared transactions of a node wait, after they are on its disk.

    It waits for a standby that does not exist. The node must run at the end.
    """
    node.configure("synchronous_standby_names = 'nobody'")
    try:
        yield
    finally:
        node.configure("synchronous_standby_names = ''")


def _node(folder: Path) -> Cluster:
    folder.mkdir()
    folder.chmod(0o755)
    return Cluster(folder, _SETTINGS)
