"""The nodes of a cluster: whether each can be used, and how much it holds."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from tollbook.store.engine import NodeFigures, NodeProblems
from tollbook.store.tables.placement import FIRST_DIVIDED

_SECONDS_FOR_ONE = 1
_SECONDS_FOR_ALL = 3.0
"""Less than the five seconds that a check of readiness may take."""

_NODES = f"""
SELECT nodename, nodeport, isactive, EXISTS (
    SELECT 1 FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
    WHERE logicalrelid = to_regclass('{FIRST_DIVIDED}')
        AND pg_dist_placement.groupid = pg_dist_node.groupid
)
FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid
"""
# A node that hangs must not hold up the others: the coordinator waits for it without a limit.
_LIMIT = f"SET LOCAL statement_timeout = '{_SECONDS_FOR_ONE}s'"
_ASK = """
SELECT success, result FROM master_run_on_worker(
    ARRAY[%(host)s], ARRAY[CAST(%(port)s AS integer)], ARRAY[%(command)s], false
)
"""
# The coordinator asks over a connection of its own, whose transactions have the node's defaults.
_CAN_WRITE = "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool"
_FIGURES = """
SELECT concat_ws(' ', pg_database_size(current_database()), (
    SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
))
"""
_NOT_ASKED = "was not asked, because other nodes did not answer in time"

Driver = psycopg.Connection[Any]


class _Answer(NamedTuple):
    """What a node has answered, or the problem that prevents an answer."""

    name: str
    problem: str | None
    text: str = ""
    has_events: bool = False


def problems_of_nodes(driver: Driver) -> NodeProblems:
    """Return why nodes cannot be used, named by their hosts and ports.

    A node that was not asked may be one that can be used.
    """
    sentences, can_serve = [], False
    for node in _ask(driver, _CAN_WRITE):
        problem = node.problem or (None if node.text == "t" else "is read-only")
        if problem:
            sentences.append(f"{node.name} {problem}")
        can_serve |= node.has_events and problem in (None, _NOT_ASKED)
    return NodeProblems(sentences, can_serve)


def figures_of_nodes(driver: Driver) -> Iterator[NodeFigures]:
    """Yield the figures of each node, in the order of the cluster, the coordinator first."""
    for node in _ask(driver, _FIGURES):
        size, connections = (None, None) if node.problem else map(int, node.text.split())
        yield NodeFigures(node.name, size, connections)


def _ask(driver: Driver, command: str) -> Iterator[_Answer]:
    """Run a command on one node after the other; nodes that are left after three seconds are not
    asked.
    """
    end = time.monotonic() + _SECONDS_FOR_ALL
    for host, port, is_active, has_events in driver.execute(_NODES, prepare=False).fetchall():
        name = f"{host}:{port}"
        if not is_active:
            found = _Answer(name, "is not active in pg_dist_node")
        elif time.monotonic() > end:
            found = _Answer(name, _NOT_ASKED)
        else:
            found = _ask_one(driver, name, {"host": host, "port": port, "command": command})
        yield found._replace(has_events=has_events)


def _ask_one(driver: Driver, name: str, parameters: dict[str, object]) -> _Answer:
    try:
        with driver.transaction():
            driver.execute(_LIMIT, prepare=False)
            found = driver.execute(_ASK, parameters, prepare=False).fetchone()
    except psycopg.errors.QueryCanceled:
        return _Answer(name, f"does not answer within {_SECONDS_FOR_ONE} second")
    assert found is not None  # noqa: S101  one row for each node
    succeeded, text = found
    return _Answer(name, None, text) if succeeded else _Answer(name, "cannot be reached")
