"""Clients that retry until every event is acknowledged, and record every receipt."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from random import Random
from time import monotonic, sleep

import httpx
from tests import plain_http
from tests.builders import Json, event

ORGANIZATIONS = ("org_1", "org_2")
Identity = tuple[str, str]

_MOST_IN_BATCH = 40
_PATIENCE = 240.0
"""Seconds to wait for a response, long enough for a busy machine."""
_PAUSE = 0.05
"""Seconds before a client retries after a refusal or a lost response."""


class Load:
    """Concurrent clients. `address` returns the current address of the server.

    Each waits for `pause` seconds after an acknowledged batch.
    """

    def __init__(
        self, address: Callable[[], str], key: str, clients: int = 4, pause: float = 0.0
    ) -> None:
        self.sent: dict[Identity, int] = {}
        self.acknowledged: set[Identity] = set()
        self.refused: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.prefix = ""
        self._address = address
        self._key = key
        self._pause = pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(number,), daemon=True)
            for number in range(clients)
        ]

    def start(self) -> "Load":
        """Start sending."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Stop sending new events, and wait until all sent ones are acknowledged."""
        self._stopping.set()
        give_up = monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, give_up - monotonic()))
            if thread.is_alive():
                self.wrong.append("events were not acknowledged within four minutes")

    def wait_for(self, more: int) -> None:
        """Wait until a number of further events are acknowledged."""
        wanted, give_up = len(self.acknowledged) + more, monotonic() + _PATIENCE
        while len(self.acknowledged) < wanted:
            if monotonic() > give_up:
                raise RuntimeError(f"no response within four minutes; {self.refused}")
            sleep(0.002)

    def give_up(self, stored: Collection[Identity]) -> None:
        """Expect only stored events, because the database went back to an earlier state."""
        with self._lock:
            self.acknowledged &= set(stored)

    def _send(self, number: int) -> None:
        random = Random(number)
        count = 0
        with plain_http.client(headers={"X-API-Key": self._key}, timeout=30) as client:
            while not self._stopping.is_set():
                size = random.choice((1, 1, random.randint(2, _MOST_IN_BATCH)))
                batch = [
                    _event(random, f"{self.prefix}{number}-{count + it}") for it in range(size)
                ]
                count += size
                with self._lock:
                    self.sent |= {_identity(it): it["quantity"] for it in batch}
                self._until_acknowledged(client, batch)
                self._stopping.wait(self._pause)

    def _until_acknowledged(self, client: httpx.Client, batch: list[Json]) -> None:
        is_retry = False
        while True:
            try:
                response = client.post(f"{self._address()}/v1/events", json=batch)
            except httpx.TransportError:
                self.refused["no response"] += 1
            else:
                if response.status_code == 200:
                    self._acknowledge(batch, response, is_retry=is_retry)
                    return
                self.refused[str(response.status_code)] += 1
                self.codes[response.json()["code"]] += 1
                if response.status_code not in (429, 503):
                    self.wrong.append(f"{response.status_code}: {response.text[:200]}")
                    return
            is_retry = True
            sleep(_PAUSE)

    def _acknowledge(self, batch: list[Json], response: httpx.Response, *, is_retry: bool) -> None:
        statuses = {it["status"] for it in response.json()["receipts"]}
        # A request without a response was stored completely or not at all.
        if statuses != {"accepted"} and not (is_retry and statuses == {"duplicate"}):
            self.wrong.append(f"receipts {sorted(statuses)}, sent again: {is_retry}")
        with self._lock:
            self.acknowledged |= set(map(_identity, batch))


def _event(random: Random, identity: str) -> Json:
    return event(
        id=identity,
        organization_id=random.choice(ORGANIZATIONS),
        user_id=f"user_{random.randint(1, 5)}",
        time=f"2024-0{random.randint(1, 9)}-15T10:30:00Z",
        quantity=random.randint(1, 100),
        attributes={"to": f"+4420718387{random.randint(10, 99)}"},
    )


def _identity(it: Json) -> Identity:
    return it["organization_id"], it["id"]
