"""Sites: the same ledger on one PostgreSQL server and on clusters, and what work costs there."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import TypeVar

import psycopg
from chaos.nodes import Nodes
from chaos.places import Cluster
from tests.builders import Platform
from tests.servers import Server

from benchmarks.events import ORGANIZATION
from benchmarks.processors import busy_seconds
from benchmarks.wire import Call
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate

Number = TypeVar("Number", int, float)
ORGANIZATIONS = tuple(f"org_{number:03d}" for number in range(100))
_NAMES = ("one server", "1 worker", "2 workers", "3 workers")
"""Of sites, by the number of workers."""
_LOG = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_SIZE = """
SELECT SUM(pg_total_relation_size(oid))::bigint FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname ~ %s
"""
_SIZE_ON_CLUSTER = """
SELECT SUM(citus_total_relation_size(logicalrelid))::bigint FROM pg_dist_partition
WHERE logicalrelid::text ~ %s
"""
_SENT = re.compile(r"\bbytes_sent:(\d+)")
_OF_EVENTS, _OF_SUMS = "^(events|event_keys)(_[0-9]|$)", "^usage_daily(_[0-9]|$)"
"""Tables of events and their identities with their parts, and of the sums of a day."""


@dataclass(frozen=True)
class Cost:
    """What some work has cost: seconds until it was done, and of processors, and bytes.

    `first` is of the coordinator, or of the only server of PostgreSQL. Bytes are those written to
    the logs of all nodes, and sent to the first node and to the workers.
    """

    seconds: float
    server: float
    first: float
    workers: tuple[float, ...]
    log_bytes: int
    sent_first: int
    sent_workers: int

    def of_one(self, count: int) -> "Cost":
        """Return the cost of one event or answer, given how many there were."""
        return Cost(
            self.seconds / count,
            self.server / count,
            self.first / count,
            tuple(it / count for it in self.workers),
            *(round(it / count) for it in (self.log_bytes, self.sent_first, self.sent_workers)),
        )

    @property
    def database(self) -> float:
        """Return the processor time of all nodes."""
        return self.first + sum(self.workers)

    @property
    def fullest(self) -> float:
        """Return the processor time of the worker that had the most."""
        return max(self.workers, default=0.0)


class Site:
    """A database for measurements, with the servers of PostgreSQL that have its rows."""

    def __init__(self, database: str, first: Cluster, workers: Sequence[Cluster], url: str) -> None:
        self.name = _NAMES[len(workers)]
        self._url, self._database = url, database
        self._nodes = [first, *workers]
        self.platform = Platform(open_database(url))
        for organization in (ORGANIZATION, *ORGANIZATIONS):
            self.platform.organization(organization)
        self.key = self.platform.key()
        self.server = self.new_server()

    def new_server(self) -> Server:
        """Return a server of this site without a cache of answers, which is not started yet."""
        self.server = Server(self._url, cached_answer_mib="0")
        return self.server

    @cached_property
    def _connections(self) -> "list[psycopg.Connection[tuple[int]]]":
        return [psycopg.connect(it.url_of(self._database), autocommit=True) for it in self._nodes]

    def cost_of(self, work: Call) -> Cost:
        """Do work, and return what it has cost."""
        written, busy, start = self._written(), self._busy(), perf_counter()
        work()
        seconds = perf_counter() - start
        server, first, *workers = _grown(busy, self._busy())
        return Cost(seconds, server, first, tuple(workers), *_grown(written, self._written()))

    def _busy(self) -> list[float]:
        process = self.server.process
        pids = [it.process for it in self._nodes]
        return [busy_seconds(process.pid) if process else 0.0, *map(busy_seconds, pids)]

    def _written(self) -> list[int]:
        """Return the bytes of the logs, and those sent to the first node and to the workers."""
        first, *workers = (it.port for it in self._nodes)
        return [sum(self._numbers(_LOG)), _sent_to(first), sum(map(_sent_to, workers))]

    def delete_staged(self) -> None:
        """Delete the rows that commits have staged, as maintenance does every half minute."""
        self.platform.database.engine.flush_traces()

    def bytes_of_events(self) -> int:
        """Return the bytes of the tables and indexes of events and of their identities."""
        return self._size(_OF_EVENTS)

    def bytes_of_sum(self) -> float:
        """Return the bytes of a sum of one user, day and meter."""
        ((count,),) = self._connections[0].execute("SELECT COUNT(*) FROM usage_daily").fetchall()
        return self._size(_OF_SUMS) / count

    def _size(self, tables: str) -> int:
        question = _SIZE_ON_CLUSTER if len(self._nodes) > 1 else _SIZE
        ((size,),) = self._connections[0].execute(question.encode(), (tables,)).fetchall()
        return size

    def _numbers(self, question: str) -> list[int]:
        """Return the answer of each node to a question."""
        found = [it.execute(question.encode()) for it in self._connections]
        return [int(row[0]) for it in found for row in it.fetchall()]

    def close(self) -> None:
        """End the connections."""
        for connection in self._connections:
            connection.close()
        self.platform.database.close()


def make_sites(plain: Cluster, nodes: Nodes, counts: Sequence[int], shards: int) -> list[Site]:
    """Make the site of one server, and one for each number of workers, on running nodes."""
    for node in (plain, *nodes.all()):
        # It would add to whatever is measured when it begins.
        node.configure("autovacuum = off")
    database = open_database(plain.url)
    migrate(database)
    database.close()
    sites = [Site(plain.database, plain, (), plain.url)]
    for count in counts:
        name, workers = f"on_{count}", nodes.workers[:count]
        url = nodes.divide(name, workers, shards)
        sites.append(Site(name, nodes.coordinator, workers, url))
    return sites


def _grown(before: Sequence[Number], after: Sequence[Number]) -> Iterator[Number]:
    return (new - old for old, new in zip(before, after, strict=True))


def _sent_to(port: int) -> int:
    """Return the bytes that open connections to a port have sent."""
    command = ["ss", "-tinH", "state", "established", f"( dport = :{port} )"]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sum(map(int, _SENT.findall(found)))
