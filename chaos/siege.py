"""Attacks by one tenant, or by no one's key, and what another tenant notices of them."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from math import ceil
from time import monotonic, sleep
from typing import Any

import httpx
from tests import plain_http
from tests.builders import Platform, event
from tests.servers import SECRET_KEY, Server

from chaos.faults import ENGINES, Bench
from chaos.memory import peak_mib
from tollbook.domain.keys import Permission
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

_PATIENCE = 60.0
_SECONDS = 6.0
"""How long each phase of a measured attack lasts."""
_LEAST_REQUESTS = 12
"""How many requests of the other tenant a phase has, however short it is."""
_LARGE_EVENTS = 500
"""Events of a large body, which has more than the 64 KiB that every request may have."""
_EVENTS_AT_ONCE = 5_000
_LONG_EVENTS = 12_000
_LONG_EVENTS_AT_ONCE = 4_000
_LONG_TEXT = "x" * 2_000
_READY_EVERY = 0.2
_MOST_SECONDS = 0.250
_MOST_RATIO = 5


@dataclass
class Phase:
    """The requests of the other tenant in one phase: how long they took, and which failed."""

    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def percentile(self, percent: int) -> float:
        """Return a percentile of the seconds that requests took."""
        ordered = sorted(self.seconds)
        return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


class Neighbor:
    """The other tenant: it writes and reads without a pause, over a new connection each time.

    Readiness is asked for meanwhile, as a load balancer does.
    """

    def __init__(self, server: Server, key: str) -> None:
        self.phase = Phase()
        self.accepted = 0
        self._clients = [_client(server, key) for _ in range(2)]
        self._numbers = count()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._work, self._ask_readiness)
        ]

    def start(self) -> None:
        """Start sending."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the last request."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_PATIENCE)
        for client in self._clients:
            client.close()

    def begin(self) -> Phase:
        """Begin a phase, and return it."""
        self.phase = Phase()
        return self.phase

    def wait_for(self, more: int = _LEAST_REQUESTS) -> None:
        """Wait until further requests of the current phase are answered."""
        phase = self.phase
        wanted, give_up = len(phase.seconds) + more, monotonic() + _PATIENCE
        while len(phase.seconds) < wanted:
            if monotonic() > give_up:
                phase.failures["no answer within a minute"] += 1
                return
            sleep(0.005)

    def _work(self) -> None:
        asks = cycle((self._write, self._read, self._write, self._read, self._write_many))
        while not self._stopping.is_set():
            phase, start = self.phase, monotonic()
            try:
                response = next(asks)()
            except httpx.TransportError as error:
                phase.failures[type(error).__name__] += 1
                sleep(0.05)
                continue
            phase.seconds.append(monotonic() - start)
            if response.status_code != 200:
                phase.failures[f"{response.status_code} {response.text[:120]}"] += 1

    def _ask_readiness(self) -> None:
        while not self._stopping.wait(_READY_EVERY):
            phase = self.phase
            try:
                response = self._clients[1].get("/readyz")
            except httpx.TransportError as error:
                phase.failures[f"readiness: {type(error).__name__}"] += 1
            else:
                if response.status_code != 200:
                    phase.failures[f"readiness: {response.text[:200]}"] += 1

    def _write(self) -> httpx.Response:
        return self._send([self._event()])

    def _write_many(self) -> httpx.Response:
        return self._send([self._event() for _ in range(_LARGE_EVENTS)])

    def _send(self, batch: list[dict[str, Any]]) -> httpx.Response:
        response = self._clients[0].post("/v1/events", json=batch)
        self.accepted += len(batch) * (response.status_code == 200)
        return response

    def _read(self) -> httpx.Response:
        return self._clients[0].get("/v1/analytics/users?organization_id=org_1")

    def _event(self) -> dict[str, Any]:
        number = next(self._numbers)
        return event(id=f"neighbor-{number}", user_id=f"user_{number % 10}")


def _client(server: Server, key: str) -> httpx.Client:
    """Return a client that opens a new connection for every request."""
    return plain_http.client(
        base_url=server.address,
        headers={"X-API-Key": key},
        timeout=_PATIENCE,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


class Siege:
    """A server with two tenants, `attacker` and `neighbor`, each with the organization org_1.

    An attack notes in `wrong` what it should not have been able to do.
    """

    def __init__(self, server: Server, database: Database, *, quick: bool) -> None:
        self.server = server
        self.quick = quick
        self.wrong: list[str] = []
        self.attacker = Platform(database, "attacker")
        self.attacker.organization()
        other = Platform(database, "neighbor")
        other.organization()
        self.neighbor_key = other.key()
        self.neighbor = Neighbor(server, self.neighbor_key)
        self.key = self.attacker.key()
        self._other = other

    def hold(self) -> None:
        """Keep the attack up for as long as a phase lasts."""
        self.neighbor.wait_for()
        if not self.quick:
            sleep(_SECONDS)

    def repeat(
        self, act: Callable[[httpx.Client], object], threads: int, key: str | None = None
    ) -> None:
        """Keep the attack up by an act that threads repeat with a key, each at least once.

        Each thread has a client of its own: threads that share one close each other's connections.
        """
        ended = threading.Event()

        def work() -> None:
            with self.client(key) as http:
                act(http)
                while not ended.is_set():
                    act(http)

        with ThreadPoolExecutor(threads) as pool:
            working = [pool.submit(work) for _ in range(threads)]
            try:
                self.hold()
            finally:
                ended.set()
        self.wrong += [
            f"an attacker stopped: {error!r}" for one in working if (error := one.exception())
        ]

    def wait_until(self, is_true: Callable[[], bool], sentence: str) -> None:
        """Wait until a condition is true; note a sentence when it stays false for a minute."""
        give_up = monotonic() + _PATIENCE
        while not is_true():
            if monotonic() > give_up:
                self.wrong.append(sentence)
                return
            sleep(0.05)

    def require(self, condition: bool, sentence: str) -> None:
        """Note a sentence when a condition is not true."""
        if not condition:
            self.wrong.append(sentence)

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client with a key of the attacker, its admin key by default."""
        return self.server.client(self.key if key is None else key)

    def user_key(self) -> str:
        """Return a key that is bound to one user of the attacker."""
        return self.attacker.key(
            Permission.WRITE_EVENTS, Permission.READ_ANALYTICS, organization="org_1", user="user_1"
        )

    def viewer_token(self, key: str | None = None) -> str:
        """Return a viewer token that a key creates, the admin key of the attacker by default."""
        with self.client(key) as http:
            made = http.post("/v1/viewer-tokens", json={"organization_id": "org_1"})
        return str(made.json()["token"])

    def connect(self, receive_bytes: int | None = None) -> socket.socket:
        """Open a connection to the server, with a small buffer for clients that do not read."""
        client = socket.socket()
        client.settimeout(_PATIENCE)
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.connect(("127.0.0.1", self.server.port))
        return client

    @contextmanager
    def connections(
        self, number: int, receive_bytes: int | None = None
    ) -> Iterator[list[socket.socket]]:
        """Open connections, and close them at the end."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect(receive_bytes)) for _ in range(number)]

    def head(self, method: str, path: str, key: str | None = None, length: int = 0) -> bytes:
        """Return the head of a request, whose body is JSON if it has one."""
        credential = "" if key is None else f"X-API-Key: {key}\r\n"
        body = f"Content-Type: application/json\r\nContent-Length: {length}\r\n" if length else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credential}{body}\r\n"
        return head.encode()

    def send_events(self, number: int, users: int, organization: str = "org_1") -> None:
        """Send events of the attacker, each of the next user."""
        with self.client() as http:
            for start in range(0, number, _EVENTS_AT_ONCE):
                numbers = range(start, min(start + _EVENTS_AT_ONCE, number))
                batch = [
                    event(id=f"{it}", organization_id=organization, user_id=f"user_{it % users}")
                    for it in numbers
                ]
                http.post("/v1/events", json=batch).raise_for_status()

    def send_long_events(self) -> None:
        """Send events of the attacker whose export is larger than all buffers on its way.

        The kernel takes 4 MiB for a connection, and a server some thousand rows.
        """
        with self.client() as http:
            for start in range(0, _LONG_EVENTS, _LONG_EVENTS_AT_ONCE):
                batch = [
                    event(id=f"{it}", user_id="user_2", attributes={"note": _LONG_TEXT})
                    for it in range(start, start + _LONG_EVENTS_AT_ONCE)
                ]
                http.post("/v1/events", json=batch).raise_for_status()

    def stored_of_neighbor(self) -> int:
        """Return how many events of the other tenant are in the ledger."""
        return _stored(self._other, "org_1")

    def stored(self, organization: str) -> int:
        """Return how many events of an organization of the attacker are in the ledger."""
        return _stored(self.attacker, organization)


def _stored(platform: Platform, organization: str) -> int:
    number = platform.number(organization)
    rows = platform.rows(
        "SELECT COUNT(*) FROM events WHERE organization_id = :number", number=number
    )
    return int(rows[0][0])


def _nothing(_siege: Siege) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Attack:
    """An attack: its name, what the attacker needs, and the defense.

    `prepare` runs before anything is measured. `act` attacks, holds the attack up with
    `Siege.hold`, and ends it. The memory of the server may grow by `most_mib`. `files` are the
    soft and the hard limit of the server's open files.
    """

    name: str
    needs: str
    defense: str
    act: Callable[[Siege], None]
    prepare: Callable[[Siege], None] = _nothing
    settings: Mapping[str, str] = field(default_factory=dict)
    engines: tuple[str, ...] = ENGINES
    most_mib: int = 400
    files: tuple[int, int] | None = None


@dataclass
class AttackTrial:
    """An attack on an engine: the phases of the other tenant, and what went wrong."""

    attack: Attack
    engine: str
    before: Phase
    during: Phase
    after: Phase
    more_mib: float
    wrong: list[str]

    @property
    def passed(self) -> bool:
        """Return whether the other tenant was served in every phase, and nothing went wrong."""
        return not self.wrong


def besiege(attack: Attack, bench: Bench) -> AttackTrial:
    """Run an attack; a `quick` bench checks outcomes and measures nothing."""
    place = bench.place()
    try:
        with closing(open_database(place.url)) as database:
            migrate(database)
            server = Server(place.url, **_settings(attack, database))
            if attack.files:
                soft, hard = attack.files
                server.wrapper = ("prlimit", f"--nofile={soft}:{hard}")
            with server:
                return _run(attack, bench, Siege(server, database, quick=bench.quick))
    finally:
        place.drop()


def _settings(attack: Attack, database: Database) -> dict[str, str]:
    """Return the settings of the server; viewer tokens need a secret, unless a file has it."""
    secret = {} if database.engine.secret_key_file else {"secret_key": SECRET_KEY}
    return {**secret, **attack.settings}


def _run(attack: Attack, bench: Bench, siege: Siege) -> AttackTrial:
    neighbor, server = siege.neighbor, siege.server
    attack.prepare(siege)
    neighbor.start()
    try:
        neighbor.wait_for()  # the first requests open the database and fill caches
        before = neighbor.begin()
        siege.hold()
        memory, during = peak_mib(server), neighbor.begin()
        attack.act(siege)
        more_mib, after = peak_mib(server) - memory, neighbor.begin()
        siege.hold()
    finally:
        neighbor.stop()
    trial = AttackTrial(attack, bench.engine, before, during, after, more_mib, siege.wrong)
    trial.wrong += _failures(trial)
    if siege.stored_of_neighbor() != neighbor.accepted:
        trial.wrong.append("the ledger does not have exactly the events that were accepted")
    if not bench.quick:
        trial.wrong += _too_slow(trial)
    return trial


def _failures(trial: AttackTrial) -> Iterator[str]:
    for name in ("before", "during", "after"):
        phase: Phase = getattr(trial, name)
        if phase.failures:
            yield f"{name}: {dict(phase.failures)}"
    if trial.more_mib > trial.attack.most_mib:
        yield f"the server used {trial.more_mib:.0f} MiB more"


def _too_slow(trial: AttackTrial) -> Iterator[str]:
    most = max(_MOST_RATIO * trial.before.percentile(99), _MOST_SECONDS)
    p99 = trial.during.percentile(99)
    if p99 > most:
        yield f"p99 of the other tenant was {p99 * 1000:.0f} ms, more than {most * 1000:.0f}"
