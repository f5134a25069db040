"""Faults: clients that are slow, disconnected, greedy or hostile."""

import gzip
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic, sleep

import httpx
import msgspec
from tests import plain_http
from tests.builders import event

from chaos.faults import Bench, Fault
from chaos.memory import peak_mib
from chaos.world import Verdict, World

_MOST_MORE_MIB = 400
"""The additional memory that hostile clients may cause a server to use."""
_MIB = 1024 * 1024
_PATIENCE = 60.0


def _with_other_clients(bench: Bench, hostile: Callable[[World], None], **settings: str) -> Verdict:
    """Run hostile clients, and check that the others are served in between."""

    def act(world: World) -> None:
        before = peak_mib(world.server)
        for _ in range(bench.times):
            hostile(world)
            world.load.wait_for(50)
        growth = peak_mib(world.server) - before
        if growth > _MOST_MORE_MIB:
            world.notes.append(f"wrong: the server used {growth:.0f} MiB more")

    return bench.under_load(bench.place(), act, keep=False, **settings)


def _connected(world: World) -> socket.socket:
    return socket.create_connection(("127.0.0.1", world.server.port), timeout=30)


def _head(world: World, length: int, more: str = "") -> bytes:
    return (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {world.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    ).encode()


def _slow(bench: Bench) -> Verdict:
    def hostile(world: World) -> None:
        body = msgspec.json.encode([event(id="slow")])
        with _connected(world) as client:
            client.sendall(_head(world, len(body)))
            for byte in body[:20]:
                client.sendall(bytes([byte]))
                sleep(0.05)

    return _with_other_clients(bench, hostile)


def _gone(bench: Bench) -> Verdict:
    def hostile(world: World) -> None:
        body = msgspec.json.encode([event(id=f"gone-{n}") for n in range(1000)])
        for _ in range(20):
            with _connected(world) as client:
                client.sendall(_head(world, len(body)) + body[: len(body) // 2])

    return _with_other_clients(bench, hostile)


def _never_reads(bench: Bench) -> Verdict:
    def hostile(world: World) -> None:
        request = (
            f"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {world.key}\r\n\r\n"
        ).encode()
        with ExitStack() as stack:
            for _ in range(50):
                client = stack.enter_context(_connected(world))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
                client.sendall(request * 20)
            sleep(1)

    return _with_other_clients(bench, hostile)


def _idle(bench: Bench) -> Verdict:
    def hostile(world: World) -> None:
        with ExitStack() as stack:
            for _ in range(10_000):
                stack.enter_context(_connected(world))
            if world.get("/healthz").status_code != 200:
                world.notes.append("wrong: not alive with idle connections")
            world.load.wait_for(50)

    return _with_other_clients(bench, hostile)


def _huge(bench: Bench) -> Verdict:
    def hostile(world: World) -> None:
        def body() -> Iterator[bytes]:
            for _ in range(1024):
                yield b" " * _MIB

        _refused(world, body(), {}, (413,))

    return _with_other_clients(bench, hostile)


def _refused(
    world: World, body: bytes | Iterator[bytes], headers: dict[str, str], statuses: tuple[int, ...]
) -> None:
    try:
        response = plain_http.post(
            f"{world.server.address}/v1/events",
            content=body,
            headers={"X-API-Key": world.key, "Content-Type": "application/json", **headers},
            timeout=60,
        )
    except httpx.TransportError:
        return  # refused while the client was still sending
    if response.status_code not in statuses:
        world.notes.append(f"wrong: {response.status_code} {response.text[:200]}")


def _bodies(bench: Bench) -> Verdict:
    """Send bodies that exploit weaknesses of parsers."""
    sound = msgspec.json.encode(event(id="hostile"))
    bomb = gzip.compress(b" " * (1 << 30), 9)
    bodies: list[tuple[bytes, dict[str, str], tuple[int, ...]]] = [
        (bomb, {"Content-Encoding": "gzip"}, (413,)),
        (b"[" * 100_000 + b"]" * 100_000, {}, (400,)),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {}, (400,)),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}", {}, (207, 400)),
        (b'{"id":"\xff\xfe"}', {}, (400,)),
        (sound.replace(b'"quantity":61', b'"quantity":1e400'), {}, (207,)),
        (sound.replace(b'"quantity":61', b'"quantity":NaN'), {}, (400,)),
        (sound.replace(b'"quantity":61', b'"quantity":-0'), {}, (200, 207)),
        (sound.replace(b'"quantity":61', b'"quantity":' + b"9" * 100_000), {}, (207,)),
        (sound.replace(b'"call', b'"\\u0000call').replace(b"hostile", b"\\u0000"), {}, (207,)),
        (b"\x1f\x8b" + b"\0" * 100, {"Content-Encoding": "gzip"}, (400,)),
        (b"", {}, (400,)),
    ]

    def hostile(world: World) -> None:
        for body, headers, statuses in bodies:
            _refused(world, body, headers, statuses)
        if world.get("/readyz").status_code != 200:
            world.notes.append("wrong: not ready after hostile bodies")

    verdict = _with_other_clients(bench, hostile)
    # The event with a quantity of -0 is valid, but the load does not know it.
    verdict.wrong = [it for it in verdict.wrong if it != "1 events that nobody sent"]
    return verdict


def _three_times(bench: Bench) -> Verdict:
    """Send every request three times, and ignore two of the responses."""

    def act(world: World) -> None:
        for number in range(50 * bench.times):
            batch = [event(id=f"thrice-{number}-{n}", quantity=1) for n in range(20)]
            world.load.sent |= {("org_1", it["id"]): 1 for it in batch}
            body = msgspec.json.encode(batch)
            for _ in range(2):
                with _connected(world) as client:
                    client.sendall(_head(world, len(body)) + body)
            answer = plain_http.post(
                f"{world.server.address}/v1/events",
                content=body,
                headers={"X-API-Key": world.key, "Content-Type": "application/json"},
            ).json()
            if not answer["success"]:
                world.notes.append(f"wrong: {answer['counts']}")
            world.load.acknowledged |= {("org_1", it["id"]) for it in batch}

    return bench.under_load(bench.place(), act)


def _overload(bench: Bench) -> Verdict:
    """Send far more than the writer can handle, and read meanwhile.

    A quick bench stops when requests have been refused and some reads were answered.
    """
    seconds, most_reads = (_PATIENCE, 10) if bench.quick else (60.0, sys.maxsize)

    def act(world: World) -> None:
        before = peak_mib(world.server)
        flood = Flood(world, 40)
        slowest, reads, until = 0.0, 0, monotonic() + seconds
        while monotonic() < until and not (flood.has_refused and reads >= most_reads):
            start = monotonic()
            if world.get("/v1/analytics/users?organization_id=org_1").status_code != 200:
                world.notes.append("wrong: a read failed")
            slowest, reads = max(slowest, monotonic() - start), reads + 1
            sleep(0.05)
        flood.stop()
        start = monotonic()
        world.load.wait_for(20)
        world.notes.extend(flood.notes(peak_mib(world.server) - before))
        if not bench.quick:
            world.notes.extend(flood.slow_notes(slowest))
        if not bench.quick and monotonic() - start > 10:
            world.notes.append("wrong: it took more than ten seconds to recover")

    return bench.under_load(bench.place(), act, max_queued_events="20000")


class Flood:
    """Clients that send batches as fast as they can and ignore 429."""

    def __init__(self, world: World, clients: int) -> None:
        self.statuses: dict[str, int] = {}
        self.slowest = 0.0
        self._stopping = threading.Event()
        self._world = world
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(number,), daemon=True)
            for number in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def has_refused(self) -> bool:
        """Return whether a request was refused because there were too many."""
        return "429" in self.statuses

    def stop(self) -> None:
        """Stop the flood."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def notes(self, more_mib: float) -> list[str]:
        """Return the problems that the flood caused."""
        found = []
        if not self.has_refused:
            found.append(f"wrong: no request was refused: {self.statuses}")
        if set(self.statuses) - {"200", "429"}:
            found.append(f"wrong: {self.statuses}")
        if more_mib > _MOST_MORE_MIB:
            found.append(f"wrong: the server used {more_mib:.0f} MiB more")
        return found

    def slow_notes(self, slowest_read: float) -> list[str]:
        """Return a problem if a write or a read took too long."""
        if self.slowest <= 20 and slowest_read <= 5:
            return []
        return [f"wrong: {self.slowest:.1f} s for a write, {slowest_read:.1f} for a read"]

    def _send(self, number: int) -> None:
        count = 0
        with plain_http.client(headers={"X-API-Key": self._world.key}, timeout=60) as client:
            while not self._stopping.is_set():
                batch = [event(id=f"flood-{number}-{count}-{n}", quantity=1) for n in range(2000)]
                count += 1
                start = monotonic()
                try:
                    response = client.post(f"{self._world.server.address}/v1/events", json=batch)
                    status = str(response.status_code)
                except httpx.TransportError as error:
                    status = type(error).__name__
                with self._lock:
                    self.statuses[status] = self.statuses.get(status, 0) + 1
                    if status == "200":
                        self.slowest = max(self.slowest, monotonic() - start)
                        self._world.load.sent |= {("org_1", it["id"]): 1 for it in batch}
                        self._world.load.acknowledged |= {("org_1", it["id"]) for it in batch}


_SERVED = "refused or disconnected; other clients are served, and memory is bounded"
OF_CLIENTS = (
    Fault("a client that sends a byte at a time", _SERVED, _slow, times=5),
    Fault("clients that disconnect in the middle", _SERVED, _gone, times=5),
    Fault("clients that never read their responses", _SERVED, _never_reads, times=3),
    Fault(
        "a client that sends everything three times",
        "each event is stored once",
        _three_times,
        times=5,
    ),
    Fault("10,000 idle connections", _SERVED, _idle, quick=1),
    Fault("a body of 1 GiB", "413", _huge),
    Fault(
        "a gzip bomb, nesting of 100,000, a million fields, invalid UTF-8, 1e400, NaN",
        "each is refused with an error",
        _bodies,
        times=2,
    ),
    Fault(
        "far more events than the writer can handle, for a minute",
        "429 for excess requests; reads continue; recovery within seconds",
        _overload,
    ),
)
