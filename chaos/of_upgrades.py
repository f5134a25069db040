"""Fault: the schema is migrated under a server of the previous version."""

from contextlib import closing
from time import monotonic, sleep

from tests import plain_http
from tests.builders import Platform
from tests.commands import run_command
from tests.earlier import earlier_commands, earlier_server, earlier_source

from chaos.faults import Bench, Fault
from chaos.load import ORGANIZATIONS, Load
from chaos.places import Place
from chaos.world import Verdict, compare
from tollbook.store.database import open_database

_REFUSALS = 40
_PATIENCE = 60.0


def _upgraded(bench: Bench) -> Verdict:
    """Migrate under the previous version, then continue with the new one on the same port."""
    source = earlier_source(bench.folder / "earlier")
    place = bench.place()
    try:
        output = earlier_commands(
            place.url,
            source,
            ("migrate",),
            *(("organizations", "create", it, "--name", "x") for it in ORGANIZATIONS),
            ("keys", "create", "--permission", "admin", "--name", "x"),
            ("prices", "load", "--example"),
        )
        key = next(it for it in output.split() if it.startswith("tb_"))
        server = earlier_server(place.url, source)
        server.start()
        load = Load(lambda: server.address, key, pause=bench.pause).start()
        try:
            load.wait_for(300)
            if run_command(place.url, "migrate").returncode:
                raise RuntimeError("the migration failed")
            wrong = _after_the_migration(place, load, server.address)
            server.kill()
            server.environment.clear()
            server.start()
            load.wait_for(300)
        finally:
            load.stop()
            server.stop()
        verdict = compare(place, load)
        verdict.wrong.extend(wrong)
        return verdict
    finally:
        place.drop()


def _after_the_migration(place: Place, load: Load, address: str) -> list[str]:
    """Check that the server of the previous version stores nothing more."""
    wrong = []
    counts = []
    for _ in range(2):
        _wait_for_refusals(load)
        with closing(open_database(place.url)) as database:
            counts.append(Platform(database).rows("SELECT COUNT(*) FROM events"))
    if counts[0] != counts[1]:
        wrong.append(f"the previous version has stored events: {counts}")
    if plain_http.get(f"{address}/readyz", timeout=30).status_code != 503:
        wrong.append("the previous version reports that it is ready")
    return wrong


def _wait_for_refusals(load: Load) -> None:
    wanted, give_up = load.refused.total() + _REFUSALS, monotonic() + _PATIENCE
    while load.refused.total() < wanted:
        if monotonic() > give_up:
            raise RuntimeError("the previous version refuses nothing")
        sleep(0.05)


OF_UPGRADES = (
    Fault(
        "schema migrated under a server of the previous version",
        "the earlier server stores nothing more and is not ready; the new one continues",
        _upgraded,
    ),
)
