"""A server under load, and the check of its ledger afterwards."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic, sleep

import httpx
from tests import plain_http
from tests.builders import Platform
from tests.servers import Server

from chaos.load import ORGANIZATIONS, Identity, Load
from chaos.places import Place
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.store.orphans import owner_differences
from tollbook.store.verification import CHECKS, differences

_PATIENCE = 60.0


@dataclass
class Verdict:
    """The comparison of the ledger with the acknowledged events; `wrong` lists other problems."""

    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Return whether nothing is lost, counted twice, or otherwise wrong."""
        return not (self.lost or self.twice or self.wrong)


class World:
    """A platform with two organizations on a server under load."""

    def __init__(
        self, place: Place, *, clients: int = 4, pause: float = 0.0, **settings: str
    ) -> None:
        self.place = place
        self.notes: list[str] = []
        with closing(open_database(place.url)) as database:
            migrate(database)
            platform = Platform(database)
            present = {row[0] for row in platform.rows("SELECT id FROM organizations")}
            for organization in ORGANIZATIONS:
                if organization not in present:
                    platform.organization(organization, timezone="America/New_York")
            self.before = stored_in(platform)
            self.key = platform.key()
        self.server = Server(place.url, **settings)
        self.server.start()
        self.load = Load(lambda: self.server.address, self.key, clients, pause)

    def get(self, path: str) -> httpx.Response:
        """Send a GET request to the server."""
        return plain_http.get(
            f"{self.server.address}{path}", headers={"X-API-Key": self.key}, timeout=30
        )

    def restart(self) -> None:
        """Start the server again on the same port, so that clients find it."""
        self.server.database_url = self.place.url
        self.server.start()

    def until_ready(self, *, ready: bool = True) -> float:
        """Wait until readiness is green, or not; return the seconds it took."""
        start = monotonic()
        while monotonic() < start + _PATIENCE:
            try:
                answer = self.get("/readyz")
                if (answer.status_code == 200 and not answer.json()["degraded"]) is ready:
                    return monotonic() - start
            except httpx.TransportError:
                pass
            sleep(0.1)
        raise RuntimeError(f"readiness did not become {'green' if ready else 'red'}")

    def finish(self) -> Verdict:
        """Let the clients finish, stop the server, and compare."""
        self.load.stop()
        self.server.stop()
        return compare(self.place, self.load, self.before)


def compare(place: Place, load: Load, before: Sequence[tuple[Identity, int]] = ()) -> Verdict:
    """Compare the receipts of clients with the ledger, which contained the events `before`."""
    verdict = Verdict(
        acknowledged=len(load.acknowledged),
        refused=load.refused.total(),
        wrong=list(load.wrong),
    )
    with closing(open_database(place.url)) as database:
        _compare(database, load, verdict, before)
    return verdict


def stored_in(platform: Platform) -> list[tuple[Identity, int]]:
    """Return the events of a database with their quantities."""
    rows = platform.rows(
        "SELECT organizations.id, events.id, quantity FROM events JOIN organizations "
        "ON organizations.organization_id = events.organization_id"
    )
    return [((of, identity), quantity) for of, identity, quantity in rows]


def _compare(
    database: Database, load: Load, verdict: Verdict, before: Sequence[tuple[Identity, int]]
) -> None:
    platform = Platform(database)
    rows = stored_in(platform)
    stored = dict(rows)
    expected = dict(before)
    verdict.lost = sum(stored.get(it) != expected[it] for it in expected)
    expected |= {it: quantity * 1_000_000 for it, quantity in load.sent.items()}
    verdict.twice = len(rows) - len(stored)
    verdict.lost += sum(stored.get(it) != expected[it] for it in load.acknowledged)
    unsent = stored.keys() - expected.keys()
    if unsent:
        verdict.wrong.append(f"{len(unsent)} events that nobody sent")
    sums = platform.rows("SELECT COALESCE(SUM(quantity), 0) FROM organization_monthly")
    if int(sums[0][0]) != sum(stored.values()):
        verdict.wrong.append("the sums differ from the events")
    with database.reading() as snapshot:
        found = [it for check in CHECKS for it in differences(snapshot, check)]
        found += owner_differences(snapshot)
    verdict.wrong.extend(f"verify: {it.check} {it.side}" for it in found[:3])
