"""Faults: nodes of a cluster of Citus that are killed or away, and shards that move."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

from tests import plain_http
from tests.builders import event

from chaos.faults import Bench, Fault
from chaos.load import ORGANIZATIONS
from chaos.nodes import CITUS, Nodes, held_commits, wait_until_prepared
from chaos.world import Verdict, World

_AWAY = 60.0
_UNKNOWN = "outcome_unknown"


def _under_load(bench: Bench, act: Callable[[World, Nodes], None]) -> Verdict:
    """Run `act` on a server under load, and compare once every transaction is decided."""
    nodes = Nodes(bench.folder)

    def act_and_wait(world: World) -> None:
        if len({nodes.worker_of(it).port for it in ORGANIZATIONS}) == 1:
            world.notes.append("wrong: all organizations are on one worker")
        act(world, nodes)
        world.until_ready()
        world.load.wait_for(50)
        nodes.wait_until_decided()

    try:
        return bench.under_load(nodes.create(), act_and_wait)
    finally:
        nodes.drop()


def _worker_killed(bench: Bench) -> Verdict:
    """Kill a worker at random instants, and as often when only the coordinator has committed."""

    def act(world: World, nodes: Nodes) -> None:
        for turn in range(bench.times):
            world.load.wait_for(bench.random.randint(1, 200))
            if turn % 2:
                with held_commits(nodes.coordinator):
                    worker = wait_until_prepared(nodes.workers)
                    worker.kill()
            else:
                worker = bench.random.choice(nodes.workers)
                sleep(bench.random.uniform(0, 0.02))
                worker.kill()
            worker.start()
            world.load.wait_for(50)

    return _under_load(bench, act)


def _coordinator_killed(bench: Bench) -> Verdict:
    """Kill the coordinator at random instants, and as often between the phases of a commit."""

    def act(world: World, nodes: Nodes) -> None:
        for turn in range(bench.times):
            world.load.wait_for(bench.random.randint(1, 200))
            if turn % 2:
                _kill_between_phases(world, nodes, is_decided=turn % 4 == 1)
            else:
                sleep(bench.random.uniform(0, 0.02))
                nodes.coordinator.kill()
                nodes.coordinator.start()
            world.load.wait_for(50)

    return _under_load(bench, act)


def _kill_between_phases(world: World, nodes: Nodes, *, is_decided: bool) -> None:
    """Kill the coordinator when a worker has prepared a commit and not received the second phase.

    The coordinator has stored the commit if `is_decided`; if not, it waits for the worker.
    """
    held = nodes.coordinator if is_decided else nodes.workers[0]
    unknown = world.load.codes[_UNKNOWN]
    with held_commits(held):
        wait_until_prepared(nodes.workers if is_decided else [held])
        nodes.coordinator.kill()
        nodes.coordinator.start()
    world.load.wait_for(1)
    if world.load.codes[_UNKNOWN] == unknown:
        world.notes.append("wrong: no commit was answered with outcome_unknown")


def _worker_away(bench: Bench) -> Verdict:
    def act(world: World, nodes: Nodes) -> None:
        for turn in range(bench.times):
            away, present = ORGANIZATIONS if turn % 2 else ORGANIZATIONS[::-1]
            worker = nodes.worker_of(away)
            worker.kill()
            start = monotonic()
            while monotonic() < start + (3 if bench.quick else _AWAY):
                _require(world, away, 503)
                _require(world, present, 200)
                _require_ready(world)
                sleep(0.1)
            worker.start()
            world.load.wait_for(50)

    return _under_load(bench, act)


def _require(world: World, organization: str, status: int) -> None:
    """Send an event of an organization and a question about it; both must return the status."""
    new = event(id=f"probe {monotonic()}", organization_id=organization)
    identity = organization, new["id"]
    sent = plain_http.post(
        f"{world.server.address}/v1/events",
        json=new,
        headers={"X-API-Key": world.key},
        timeout=60,
    )
    if sent.status_code == 200 or sent.json()["code"] == _UNKNOWN:  # any other must not be stored
        world.load.sent[identity] = new["quantity"]
    if sent.status_code == 200:
        world.load.acknowledged.add(identity)
    read = _question(world, organization)
    if (sent.status_code, read) != (status, status):
        world.notes.append(f"wrong: {sent.status_code} and {read} instead of {status}")


def _require_ready(world: World) -> None:
    """Note when a load balancer would send the server no traffic for the other worker."""
    answer = world.get("/readyz")
    if answer.status_code != 200:
        world.notes.append(f"wrong: not ready: {answer.text}")


def _question(world: World, organization: str) -> int:
    """Ask for the users of an organization and return the status."""
    return world.get(f"/v1/analytics/users?organization_id={organization}").status_code


def _shard_moved(bench: Bench) -> Verdict:
    def act(world: World, nodes: Nodes) -> None:
        for _ in range(bench.times):
            organization = bench.random.choice(ORGANIZATIONS)
            world.load.wait_for(50)
            source = nodes.worker_of(organization)
            with ThreadPoolExecutor(1) as other:
                moving = other.submit(nodes.move, organization)
                while not moving.done():
                    if _question(world, organization) != 200:
                        world.notes.append("wrong: a question was not answered during the move")
                moving.result()
            if nodes.worker_of(organization) is source:
                world.notes.append("wrong: the shard is where it was")
            _require(world, organization, 200)

    return _under_load(bench, act)


OF_CLUSTERS = (
    Fault(
        "a worker of a cluster killed (SIGKILL) during commits",
        "503 meanwhile; every acknowledged event is stored once, also when only the coordinator "
        "had committed it",
        _worker_killed,
        times=50,
        quick=2,
        engines=(CITUS,),
    ),
    Fault(
        "the coordinator of a cluster killed (SIGKILL) during commits",
        "503 meanwhile, `outcome_unknown` for a commit between its two phases; every acknowledged "
        "event is stored once",
        _coordinator_killed,
        times=50,
        quick=4,
        engines=(CITUS,),
    ),
    Fault(
        "a worker of a cluster that is away for a minute",
        "503 for its organizations; events and questions of others continue, and `/readyz` is 200; "
        "automatic recovery",
        _worker_away,
        times=2,
        engines=(CITUS,),
    ),
    Fault(
        "a shard of a cluster that is moved under load",
        "commits wait, questions do not; every acknowledged event is stored once",
        _shard_moved,
        times=20,
        quick=2,
        engines=(CITUS,),
    ),
)
