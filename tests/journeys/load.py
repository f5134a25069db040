"""Clients that send without pause and remember their receipts, and the ledger they left."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from threading import Semaphore

import httpx

from tests.builders import Json, Platform, event
from tests.servers import Server
from tests.waiting import PATIENCE
from tollbook.store.database import Database
from tollbook.store.verification import CHECKS, differences

Request = list[Json]
ORGANIZATIONS = ("org_1", "org_2")
_MOST_IN_BATCH = 40


def statuses_of(response: httpx.Response) -> list[str]:
    """Return what became of each event of a request that was a success."""
    assert response.status_code == 200, response.text
    return [receipt["status"] for receipt in response.json()["receipts"]]


class Sender:
    """One client. What it gets no answer for it sends again later, or it leaves it at that."""

    def __init__(self, name: str) -> None:
        self.acknowledged: list[Request] = []
        self._unanswered: list[Request] = []
        self._again: list[Request] = []
        self._name = name
        self._random = Random(name)
        self._count = 0
        self._told = Semaphore(0)

    def send_until_cut_off(self, server: Server, key: str) -> None:
        with server.client(key) as client:
            while self._send(client):
                pass

    @property
    def unanswered(self) -> list[Request]:
        """Requests that were sent and never answered."""
        return self._unanswered + self._again

    def wait_until_told(self, times: int) -> None:
        for _ in range(times):
            assert self._told.acquire(timeout=PATIENCE), "no answer"

    def _send(self, client: httpx.Client) -> bool:
        retried = bool(self._again)
        request = self._again[-1] if retried else self._new_request()
        try:
            response = client.post("/v1/events", json=request if len(request) > 1 else request[0])
        except httpx.TransportError:
            if not retried:
                self._random.choice((self._again, self._unanswered)).append(request)
            return False
        # A request whose answer was lost was stored whole or not at all.
        fates = [{"accepted"}, {"duplicate"}] if retried else [{"accepted"}]
        assert set(statuses_of(response)) in fates
        self.acknowledged.append(self._again.pop() if retried else request)
        self._told.release()
        return True

    def _new_request(self) -> Request:
        size = self._random.choice((1, 1, self._random.randint(2, _MOST_IN_BATCH)))
        return [self._event() for _ in range(size)]

    def _event(self) -> Json:
        self._count += 1
        return event(
            id=f"{self._name} {self._count}",
            organization_id=self._random.choice(ORGANIZATIONS),
            user_id=f"user_{self._random.randint(1, 5)}",
            time=f"2024-0{self._random.randint(1, 9)}-15T10:30:00Z",
            quantity=self._random.randint(1, 100),
        )


class Ledger:
    """What is in the database once the servers are gone."""

    def __init__(self, database: Database) -> None:
        self.platform = Platform(database)
        rows = self.platform.rows(
            "SELECT events.id, organizations.id, quantity FROM events JOIN organizations "
            "ON organizations.organization_id = events.organization_id"
        )
        self.quantities = {(of, identity): quantity for identity, of, quantity in rows}
        assert len(self.quantities) == len(rows), "an event is in the ledger twice"

    def holds(self, request: Request) -> bool:
        """Return whether a request is here; it must be so whole, and unchanged, or not at all."""
        here = [self.quantities.get((it["organization_id"], it["id"])) for it in request]
        sent = [it["quantity"] * 1_000_000 for it in request]
        assert here in (sent, [None] * len(request)), "a request was torn apart"
        return here == sent

    def sums(self) -> Counter[str]:
        """Return the seconds of each organization as the monthly sums have them."""
        rows = self.platform.rows(
            "SELECT organizations.id, quantity FROM usage_monthly JOIN organizations "
            "ON organizations.organization_id = usage_monthly.organization_id"
        )
        return _added_up((of, int(quantity) // 1_000_000) for of, quantity in rows)

    def agrees(self) -> bool:
        """Recompute every rollup from the events, as `tollbook verify` does."""
        with self.platform.database.reading() as snapshot:
            return not [found for check in CHECKS for found in differences(snapshot, check)]


def seconds_of(requests: list[Request]) -> Counter[str]:
    """Return the seconds of each organization as they were sent."""
    return _added_up((it["organization_id"], it["quantity"]) for sent in requests for it in sent)


def _added_up(pairs: Iterator[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for organization, seconds in pairs:
        total[organization] += seconds
    return total
