"""Clients that send until everything they have is acknowledged, and know every receipt they got."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from random import Random
from time import monotonic, sleep

import httpx
from tests.builders import Json, event

ORGANIZATIONS = ("org_1", "org_2")
Identity = tuple[str, str]

_MOST_IN_BATCH = 40
_PATIENCE = 240.0
"""Seconds after which an answer is given up, long enough for a machine that is busy."""
_PAUSE = 0.05
"""Seconds before a client that was turned away, or had no answer, tries again."""


class Load:
    """Some clients at once. `address` says where the server is now."""

    def __init__(self, address: Callable[[], str], key: str, clients: int = 4) -> None:
        self.sent: dict[Identity, int] = {}
        self.acknowledged: set[Identity] = set()
        self.turned_away: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.prefix = ""
        self._address = address
        self._key = key
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(number,), daemon=True)
            for number in range(clients)
        ]

    def start(self) -> "Load":
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Send no more than is on its way, and wait until all of it is acknowledged."""
        self._stopping.set()
        give_up = monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, give_up - monotonic()))
            if thread.is_alive():
                self.wrong.append("what was sent was not acknowledged in four minutes")

    def wait_for(self, more: int) -> None:
        """Wait until so many more events are acknowledged."""
        wanted, give_up = len(self.acknowledged) + more, monotonic() + _PATIENCE
        while len(self.acknowledged) < wanted:
            if monotonic() > give_up:
                raise RuntimeError(f"no answer in four minutes; {self.turned_away}")
            sleep(0.002)

    def give_up(self, stored: Collection[Identity]) -> None:
        """Expect nothing any more that is acknowledged and not stored: the database went back."""
        with self._lock:
            self.acknowledged &= set(stored)

    def _send(self, number: int) -> None:
        random = Random(number)
        count = 0
        with httpx.Client(headers={"X-API-Key": self._key}, timeout=30) as client:
            while not self._stopping.is_set():
                size = random.choice((1, 1, random.randint(2, _MOST_IN_BATCH)))
                batch = [
                    _event(random, f"{self.prefix}{number}-{count + it}") for it in range(size)
                ]
                count += size
                with self._lock:
                    self.sent |= {_identity(it): it["quantity"] for it in batch}
                self._until_acknowledged(client, batch)

    def _until_acknowledged(self, client: httpx.Client, batch: list[Json]) -> None:
        again = False
        while True:
            try:
                response = client.post(f"{self._address()}/v1/events", json=batch)
            except httpx.TransportError:
                self.turned_away["no answer"] += 1
            else:
                if response.status_code == 200:
                    self._acknowledge(batch, response, again=again)
                    return
                self.turned_away[str(response.status_code)] += 1
                if response.status_code not in (429, 503):
                    self.wrong.append(f"{response.status_code}: {response.text[:200]}")
                    return
            again = True
            sleep(_PAUSE)

    def _acknowledge(self, batch: list[Json], response: httpx.Response, *, again: bool) -> None:
        fates = {it["status"] for it in response.json()["receipts"]}
        # What had no answer was stored whole or not at all.
        if fates != {"accepted"} and not (again and fates == {"duplicate"}):
            self.wrong.append(f"receipts {sorted(fates)}, sent again: {again}")
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
