"""Turns of each site in one run: the same events and questions on one server and on clusters."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic, sleep

from benchmarks.events import ORGANIZATION, USERS, Traffic
from benchmarks.load import Job, Load
from benchmarks.sites import ORGANIZATIONS, Cost, Site
from benchmarks.wire import Caller, WrongAnswer, check, request
from tollbook.lifecycle.close_days import close_days
from tollbook.store.verification import count_events
from tollbook.wiring import now

MANY = f"1,000 events of {len(ORGANIZATIONS)} organizations"
ONE = "1,000 events of one organization"
MERGED = f"10,000 events of {len(ORGANIZATIONS)} organizations"
SINGLE = "1 event"
LARGE = "5,000 events of one organization, two requests at a time"
CLEANING = "deleting staged rows, for an event"
USERS_OF_ONE, OVERVIEW, LIST = "users of one organization", "overview", "organizations"
_USERS_IN_EACH = USERS[:50]
_DAYS = 28
_IDLE_SECONDS = 5.0
_MOST_WARMING = 1_000
"""Events of a request that is sent before a turn, so that the server has keys and users."""


@dataclass(frozen=True)
class Batches:
    """Requests of one kind in a turn."""

    what: str
    events: int
    requests: int
    connections: int = 1

    @property
    def total(self) -> int:
        """Return the number of events."""
        return self.events * self.requests


@dataclass(frozen=True)
class Size:
    """How much to do: in filling, in each turn, and in how many rounds of turns."""

    filled: int = 20
    batches: tuple[Batches, ...] = (
        Batches(MANY, 1_000, 10),
        Batches(MERGED, 10_000, 1),
        Batches(ONE, 1_000, 10),
        Batches(LARGE, 5_000, 3, 2),
        Batches(SINGLE, 1, 100),
    )
    answers: int = 12
    rounds: int = 5
    minutes: float = 15

    @property
    def in_turn(self) -> int:
        """Return the number of events of a turn."""
        return sum(it.total for it in self.batches)


@dataclass
class Scaling:
    """The figures of a run: costs of one event or answer by work and site, one for each round."""

    costs: dict[str, dict[str, list[Cost]]] = field(default_factory=dict)
    idle: dict[str, Cost] = field(default_factory=dict)
    """Of a second."""
    event_bytes: dict[str, float] = field(default_factory=dict)
    sum_bytes: dict[str, float] = field(default_factory=dict)
    request_bytes: float = 0.0

    def add(self, what: str, site: Site, cost: Cost) -> None:
        """Add the cost of one event or answer."""
        self.costs.setdefault(what, {}).setdefault(site.name, []).append(cost)


class Turns:
    """Work on sites, the same on each."""

    def __init__(self, load: Load, sites: Sequence[Site], size: Size) -> None:
        self.found = Scaling()
        self._load, self._sites, self._size = load, sites, size
        self._many = Traffic(ORGANIZATIONS, _USERS_IN_EACH)
        self._one = Traffic()
        self._stored = dict.fromkeys((it.name for it in sites), 0)

    def run(self) -> Scaling:
        """Fill the sites, and measure them in turn until all rounds or the minutes are over."""
        many = Traffic(ORGANIZATIONS, _USERS_IN_EACH, _DAYS, seed=1)
        bodies = many.bodies(self._size.filled, 1_000)
        bodies += Traffic(days=_DAYS, seed=1).bodies(self._size.filled, 1_000)
        for site in self._sites:
            with site.new_server():
                self._send(site, bodies, 1_000, 1)
            close_days(site.platform.database, now())
            self.found.idle[site.name] = site.cost_of(_be_idle).of_one(round(_IDLE_SECONDS))
            print(f"  {site.name} is filled", flush=True)
        give_up = monotonic() + self._size.minutes * 60
        for number in range(self._size.rounds):
            if number and monotonic() > give_up:
                break
            self._round(number)
        for site in self._sites:
            self._finish(site)
        return self.found

    def _round(self, number: int) -> None:
        """Let each site have its turn with the same requests; another begins in each round."""
        small = [it for it in self._size.batches if it.events <= _MOST_WARMING]
        warming = [(it.events, self._bodies(it, 1)) for it in small]
        bodies = [self._bodies(it, it.requests) for it in self._size.batches]
        self.found.request_bytes = sum(map(len, bodies[0])) / self._size.batches[0].total
        first = number % len(self._sites)
        for site in (*self._sites[first:], *self._sites[:first]):
            with site.new_server():
                for events, prepared in warming:
                    self._send(site, prepared, events, 1)
                self._turn(site, bodies)
            print(f"  round {number + 1}, {site.name}", flush=True)

    def _bodies(self, kind: Batches, requests: int) -> list[bytes]:
        traffic = self._many if kind.what in (MANY, MERGED, SINGLE) else self._one
        return traffic.bodies(requests, kind.events)

    def _turn(self, site: Site, bodies: Sequence[list[bytes]]) -> None:
        for kind, prepared in zip(self._size.batches, bodies, strict=True):
            send = partial(self._send, site, prepared, kind.events, kind.connections)
            self.found.add(kind.what, site, site.cost_of(send).of_one(kind.total))
        cost = site.cost_of(site.delete_staged)
        self.found.add(CLEANING, site, cost.of_one(self._size.in_turn))
        with ExitStack() as stack:
            caller = stack.enter_context(Caller(site.server.port))
            for what, path in _questions().items():
                prepared_question = request("GET", path, {"X-API-Key": site.key})
                ask = partial(_ask, caller, prepared_question)
                ask(2)
                cost = site.cost_of(partial(ask, self._size.answers))
                self.found.add(what, site, cost.of_one(self._size.answers))

    def _send(self, site: Site, bodies: Sequence[bytes], events: int, connections: int) -> None:
        headers = {"X-API-Key": site.key}
        requests = [request("POST", "/v1/events", headers, body) for body in bodies]
        start = b'{"success":true,"counts":{"accepted":%d,' % events
        self._load.run(Job(site.server.port, connections, requests, 200, start))
        self._stored[site.name] += events * len(bodies)

    def _finish(self, site: Site) -> None:
        """Measure the bytes, and make sure that no event is missing."""
        stored = self._stored[site.name]
        with site.platform.database.reading() as snapshot:
            if (count := count_events(snapshot)) != stored:
                raise WrongAnswer(f"{stored} events acknowledged, {count} stored on {site.name}")
        self.found.event_bytes[site.name] = site.bytes_of_events() / stored
        self.found.sum_bytes[site.name] = site.bytes_of_sum()


def _questions() -> dict[str, str]:
    """Return the path of each question, about the last days with events."""
    today = datetime.now(UTC).date()
    days = f"start_date={today - timedelta(days=_DAYS - 1)}&end_date={today}"
    return {
        USERS_OF_ONE: f"/v1/analytics/users?organization_id={ORGANIZATION}&{days}",
        OVERVIEW: f"/v1/analytics/overview?{days}",
        LIST: f"/v1/analytics/organizations?{days}",
    }


def _ask(caller: Caller, prepared: bytes, times: int) -> None:
    for _ in range(times):
        check(caller.ask(prepared), 200)


def _be_idle() -> None:
    sleep(_IDLE_SECONDS)
