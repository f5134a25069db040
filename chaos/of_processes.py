"""Faults: servers and databases that are killed, stopped and restarted."""

from time import sleep

from chaos.faults import Bench, Fault
from chaos.places import Cluster
from chaos.world import Verdict, World

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tollbook'"


def _server_killed(bench: Bench) -> Verdict:
    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(bench.random.randint(1, 200))
            sleep(bench.random.uniform(0, 0.02))  # not always right after a response
            world.server.kill()
            world.restart()

    return bench.under_load(bench.place(), act)


def _server_stopped(bench: Bench) -> Verdict:
    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(bench.random.randint(1, 200))
            log = world.server.stop()
            if '"error"' in log:
                world.notes.append(f"wrong: the log of a server that stopped: {log[-200:]}")
            world.restart()

    return bench.under_load(bench.place(), act)


def _postgres_killed(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(bench.random.randint(1, 200))
            sleep(bench.random.uniform(0, 0.02))
            cluster.kill()
            cluster.start()
            world.load.wait_for(1)

    return bench.under_load(cluster, act)


def _postgres_restarted(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(100)
            cluster.stop()
            world.until_ready(ready=False)
            cluster.start()
            world.until_ready()

    return bench.under_load(cluster, act)


def _connections_cut(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        for _ in range(bench.times):
            world.load.wait_for(100)
            cluster.execute(CUT)

    return bench.under_load(cluster, act)


def _failover(bench: Bench) -> Verdict:
    primary_folder, replica_folder = bench.folder / "primary", bench.folder / "replica"
    for folder in (primary_folder, replica_folder):
        folder.mkdir()
        folder.chmod(0o755)
    primary = Cluster(primary_folder, "-c wal_level=replica").create()
    replica = Cluster(replica_folder, "-c hot_standby=on").follow(primary)

    def act(world: World) -> None:
        world.load.wait_for(300)
        primary.kill()
        replica.promote()
        # The promoted replica has no standby to wait for.
        world.server.kill()
        world.place = replica
        world.restart()
        world.load.wait_for(100)

    try:
        return bench.under_load(primary, act)
    finally:
        replica.drop()


OF_PROCESSES = (
    Fault(
        "server killed (SIGKILL) at random instants",
        "every acknowledged event is stored once",
        _server_killed,
        times=100,
        quick=3,
    ),
    Fault(
        "server stopped (SIGTERM) under load",
        "accepted requests are answered; no error is logged",
        _server_stopped,
        times=10,
        quick=1,
    ),
    Fault(
        "PostgreSQL killed (SIGKILL) at random instants",
        "503 meanwhile; every acknowledged event is stored once",
        _postgres_killed,
        times=100,
        quick=1,
        engines=("PostgreSQL",),
    ),
    Fault(
        "PostgreSQL restarted",
        "503 and red readiness meanwhile; automatic recovery",
        _postgres_restarted,
        times=5,
        engines=("PostgreSQL",),
    ),
    Fault(
        "all connections cut (pg_terminate_backend)",
        "connections are replaced; at most one 503 for each client",
        _connections_cut,
        times=20,
        quick=2,
        engines=("PostgreSQL",),
    ),
    Fault(
        "failover to a synchronous replica that is promoted manually",
        "the server on the replica has every acknowledged event",
        _failover,
        engines=("PostgreSQL",),
    ),
)
