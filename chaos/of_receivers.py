"""Faults: receivers of notifications that misbehave, and a database that dies during delivery."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from time import monotonic, sleep

import httpx
from tests.alerts.builders import make_endpoint, notification, notify, statuses
from tests.alerts.receivers import Answer, Received, Receiver, receiving
from tests.servers import free_port

from chaos.faults import Bench, Fault
from chaos.memory import peak_mib
from chaos.places import Place
from chaos.world import Verdict, World
from tollbook.store.database import open_database

_NOTIFICATIONS = 30
_PATIENCE = 180.0
_MOST_MIB = 128.0
"""How much a server may need for receivers that answer nothing."""


@dataclass
class _Endpoint:
    """An endpoint, and its receiver."""

    id: str
    receiver: Receiver
    may_repeat: bool
    """Whether a request failed, so that the notification is sent again."""


def _misbehaving(bench: Bench) -> Verdict:
    place = bench.place()
    released = threading.Event()
    is_over = threading.Event()

    def hang(_: Received) -> Answer:
        released.wait(_PATIENCE)
        return Answer()

    def answer_slowly(_: Received) -> Answer:
        sleep(0 if is_over.is_set() else 0.2)
        return Answer()

    def act(world: World) -> None:
        before = peak_mib(world.server)
        with ExitStack() as stack:
            trap = stack.enter_context(receiving())

            def redirect(_: Received) -> Answer:
                return Answer() if is_over.is_set() else Answer(302, b"", (("location", trap.url),))

            def disappear(_: Received) -> Answer:
                if is_over.is_set() or len(disappearing.receiver.received) < _NOTIFICATIONS // 2:
                    return Answer()
                return Answer(0)

            decides = (lambda _: Answer(), hang, answer_slowly, redirect, disappear)
            endpoints = [
                _add(place, stack.enter_context(receiving()), it, it is not answer_slowly)
                for it in decides
            ]
            endpoints[0].may_repeat = False
            disappearing = endpoints[-1]
            refusing = _add(place, Receiver(free_port()), decides[0], may_repeat=True)
            identities = _notify(place, "misbehaving")
            _wait(lambda: len(disappearing.receiver.received) > _NOTIFICATIONS // 2)
            _wait(lambda: _tried(place) >= (5 if bench.quick else 6))
            if trap.received:
                world.notes.append("wrong: a redirect was followed")
            refusing.receiver = stack.enter_context(receiving(refusing.receiver.port))
            is_over.set()
            released.set()
            _deliver_all(world, place, [*endpoints, refusing])
            _compare(world, [*endpoints, refusing], identities)
        grown = peak_mib(world.server) - before
        if grown > _MOST_MIB:
            world.notes.append(f"wrong: the server needed {grown:.0f} MiB more")

    return _under_load(bench, place, act)


def _database_killed(bench: Bench) -> Verdict:
    cluster = bench.cluster()

    def act(world: World) -> None:
        with receiving() as receiver:
            endpoint = _add(cluster, receiver, lambda _: Answer(), may_repeat=True)
            identities: list[str] = []
            for turn in range(bench.times):
                identities += _notify(cluster, f"turn {turn}")
                sleep(bench.random.uniform(0, 1.5))
                cluster.kill()
                cluster.start()
                world.until_ready()
            _deliver_all(world, cluster, [endpoint])
            _compare(world, [endpoint], identities)

    return _under_load(bench, cluster, act)


def _under_load(bench: Bench, place: Place, act: Callable[[World], None]) -> Verdict:
    return bench.under_load(
        place, act, alerts="true", webhook_networks="127.0.0.0/8", secret_key="k" * 32
    )


def _add(
    place: Place,
    receiver: Receiver,
    decide: Callable[[Received], Answer],
    may_repeat: bool,
) -> _Endpoint:
    receiver.decide = decide
    with closing(open_database(place.url)) as database:
        endpoint = make_endpoint(database, receiver.url)
    return _Endpoint(endpoint.id, receiver, may_repeat)


def _notify(place: Place, occasion: str) -> list[str]:
    """Write notifications, as a look does; return their ids."""
    found = [notification(f"{occasion} {it}") for it in range(_NOTIFICATIONS)]
    with closing(open_database(place.url)) as database:
        return notify(database, *found)


def _tried(place: Place) -> int:
    """Return to how many endpoints the first notification was sent."""
    with closing(open_database(place.url)) as database:
        return sum(attempts > 0 for sequence, _, attempts in statuses(database) if sequence == 1)


def _deliver_all(world: World, place: Place, endpoints: list[_Endpoint]) -> None:
    """Make what waits due at once, as a person does, until all of it is delivered."""

    def is_delivered() -> bool:
        with world.server.client(world.key) as client, suppress(httpx.TransportError):
            for it in endpoints:
                client.patch(f"/v1/endpoints/{it.id}", json={"enabled": True})
        sleep(1)
        with closing(open_database(place.url)) as database:
            return {status for _, status, _ in statuses(database)} == {"delivered"}

    _wait(is_delivered)


def _compare(world: World, endpoints: list[_Endpoint], identities: list[str]) -> None:
    """Compare what arrived with what was written: all of it, in order, under the same numbers."""
    for it in endpoints:
        ids = it.receiver.ids
        numbers = {found.headers["tollbook-sequence"] for found in it.receiver.received}
        if list(dict.fromkeys(ids)) != identities:
            world.notes.append(f"wrong: {len(set(ids))} of {len(identities)} arrived in order")
        if numbers != {str(number + 1) for number in range(len(identities))}:
            world.notes.append("wrong: the numbers of deliveries have gaps")
        if not it.may_repeat and len(ids) != len(identities):
            world.notes.append(f"wrong: {len(ids) - len(identities)} were sent twice")


def _wait(is_true: Callable[[], bool]) -> None:
    give_up = monotonic() + _PATIENCE
    while not is_true():
        if monotonic() > give_up:
            raise RuntimeError(f"notifications were not delivered within {_PATIENCE:.0f} seconds")
        sleep(0.1)


OF_RECEIVERS = (
    Fault(
        "receivers that hang, refuse, answer slowly, redirect to 127.0.0.1 or disappear",
        "every notification arrives in order once they answer; memory stays bounded",
        _misbehaving,
    ),
    Fault(
        "PostgreSQL killed (SIGKILL) while notifications are delivered",
        "every notification arrives in order, under its id",
        _database_killed,
        times=50,
        quick=1,
        engines=("PostgreSQL",),
    ),
)
