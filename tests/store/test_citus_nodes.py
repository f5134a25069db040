"""The nodes of a cluster: readiness and metrics of each, and answers that read all of them."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.builders import Platform, event
from tests.clusters import CitusCluster
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.domain.errors import NodeUnreachable
from tollbook.store.database import open_database
from tollbook.store.versions import ledger_version

_WORKER = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY groupid LIMIT 1"

# The nodes that have an organization.
_USED = """
SELECT COUNT(DISTINCT nodename || ':' || nodeport) FROM organizations
JOIN citus_shards ON table_name = 'event_keys'::regclass
    AND shardid = get_shard_id_for_distribution_column('event_keys', organization_id)
"""


# The group of the node that has each organization.
_GROUPS = """
SELECT groupid, id FROM organizations JOIN pg_dist_placement
ON shardid = get_shard_id_for_distribution_column('event_keys', organization_id)
"""


class Cluster:
    """A server on a database of its own, whose list of nodes a test may change."""

    def __init__(self, citus: CitusCluster, server: Server) -> None:
        self.name = server.database_url.rpartition("/")[2]
        self._url = server.database_url
        self._server = server
        host, port = self.execute(_WORKER)[0]
        self.worker = f"{host}:{port}"
        self.worker_url = citus.url_on(str(host), int(str(port)), self.name)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement on the coordinator."""
        with psycopg.connect(self._url) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def move_worker(self, port: int) -> str:
        """Make the coordinator look for the worker at another port; return its name there."""
        old = self.worker.rpartition(":")[2]
        self.execute(f"UPDATE pg_dist_node SET nodeport = {port} WHERE nodeport = {old}")
        return f"{self.worker.rpartition(':')[0]}:{port}"

    def nodes(self, status: int = 200, *, degraded: bool = False) -> str:
        """Return the check of the nodes, as soon as the server has a status and is degraded."""

        def found() -> dict[str, Any] | None:
            answer = http.get("/readyz")
            ready: dict[str, Any] = answer.json()
            assert ready["ready"] is (answer.status_code == 200)
            wanted = (answer.status_code, ready["degraded"]) == (status, degraded)
            return ready["checks"] if wanted else None

        with self._server.client() as http:
            checks = wait_for(found)
        assert {text for name, text in checks.items() if name != "nodes"} == {"ok"}
        text: str = checks["nodes"]
        return text

    def metrics(self) -> str:
        with self._server.client() as http:
            return http.get("/metrics").text


@pytest.fixture
def cluster(citus: CitusCluster) -> Iterator[Cluster]:
    with Server(citus.url(citus.create(shards=2))) as server:
        yield Cluster(citus, server)


def test_every_node_is_asked_and_measured(cluster: Cluster) -> None:
    assert cluster.nodes() == "ok"
    text = cluster.metrics()
    assert f'tollbook_node_up{{node="{cluster.worker}"}} 1.0' in text
    sizes = [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("tollbook_node_bytes{")
    ]
    (nodes,) = cluster.execute("SELECT COUNT(*) FROM pg_dist_node")[0]
    assert len(sizes) == nodes
    (total,) = (it for it in text.splitlines() if it.startswith("tollbook_database_bytes "))
    assert sum(sizes) == float(total.split()[1])  # of one answer of each node
    assert f'tollbook_node_connections{{node="{cluster.worker}"}}' in text


def test_a_node_that_is_away_is_named(cluster: Cluster) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        moved = cluster.move_worker(closed.getsockname()[1])
        assert cluster.nodes(degraded=True) == f"{moved} cannot be reached"
        text = cluster.metrics()
    assert f'tollbook_node_up{{node="{moved}"}} 0.0' in text
    assert f'tollbook_node_bytes{{node="{moved}"}}' not in text
    assert "tollbook_database_bytes NaN" in text


def test_a_node_that_hangs_is_named(cluster: Cluster) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        moved = cluster.move_worker(silent.getsockname()[1])
        assert cluster.nodes(degraded=True) == f"{moved} does not answer within 1 second"


def test_a_node_that_is_read_only_or_not_active_is_named(cluster: Cluster) -> None:
    with psycopg.connect(cluster.worker_url, autocommit=True) as worker:
        read_only = f'ALTER DATABASE "{cluster.name}" SET default_transaction_read_only = '
        worker.execute("SET citus.enable_ddl_propagation = off")
        worker.execute(f"{read_only} on".encode())
        assert cluster.nodes(degraded=True) == f"{cluster.worker} is read-only"
        worker.execute("SET default_transaction_read_only = off")
        worker.execute(f"{read_only} off".encode())
        assert cluster.nodes() == "ok"
    # When no worker can be used, other servers are no better, but nothing can be answered.
    cluster.execute("UPDATE pg_dist_node SET isactive = false WHERE groupid > 0")
    assert f"{cluster.worker} is not active in pg_dist_node" in cluster.nodes(503)


def test_failures_of_the_organizations_of_one_node_do_not_make_a_server_red(
    citus: CitusCluster,
) -> None:
    url = citus.url(citus.create(shards=8))
    with closing(open_database(url)) as database:
        platform = Platform(database)
        for number in range(12):
            platform.organization(f"org_{number}")
        numbers = {f"org_{it}": platform.number(f"org_{it}") for it in range(12)}
        key = platform.key()
    with Server(url) as server, server.client(key) as http, socket.socket() as closed:
        cluster = Cluster(citus, server)
        groups = [(group == 1, str(name)) for group, name in cluster.execute(_GROUPS)]
        away, present = (max(groups)[1], min(groups)[1])
        closed.bind(("127.0.0.1", 0))

        def send(organization: str) -> int:
            new = event(id=str(uuid4()), organization_id=organization)
            return http.post("/v1/events", json=new).status_code

        assert send(away) == send(present) == 200
        moved = cluster.move_worker(closed.getsockname()[1])
        for _ in range(12):
            question = http.get("/v1/analytics/users", params={"organization_id": away})
            assert question.status_code == 503
        assert (send(present), send(away)) == (200, 503)
        assert cluster.nodes(degraded=True) == f"{moved} cannot be reached"
        assert send(present) == 200
        new = {"id": "new", "name": "New"}
        assert http.post("/v1/organizations", json=new).status_code == 503  # it is on every node
        with closing(open_database(url)) as database:
            for _ in range(12):
                with pytest.raises(NodeUnreachable), database.reading() as snapshot:
                    ledger_version(snapshot, numbers[away])
            assert database.reads.problem() is None


def test_an_answer_of_all_nodes_has_what_was_acknowledged_on_any(citus: CitusCluster) -> None:
    url = citus.url(citus.create(shards=8))
    names = [f"org_{n}" for n in range(12)]
    with closing(open_database(url)) as database:
        platform = Platform(database)
        for name in names:
            platform.organization(name)
        key = platform.key()
    with psycopg.connect(url) as connection:
        assert connection.execute(_USED).fetchone() != (1,)
    with Server(url) as server, server.client(key) as http:
        for stored, name in enumerate(names, 1):
            sent = http.post("/v1/events", json=event(id=name, organization_id=name)).json()
            asked = {"min_as_of": sent["as_of"], "period": "2024-01"}
            answer = http.get("/v1/analytics/organizations", params=asked)
            assert answer.headers["x-as-of"] >= sent["as_of"]
            rows = answer.json()["organizations"]
            found = {it["organization_id"] for it in rows if it["users_count"]}
            assert found == set(names[:stored])
