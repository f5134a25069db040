"""Measure the cost of a server's limits: `python -m benchmarks.limits`.

Each table compares several values of one limit. The values alternate in each round, so that other
work on the machine affects all equally. Tables show the median of the rounds and its ratio to the
default.
"""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import msgspec
from chaos.memory import peak_mib
from tests.builders import event
from tests.servers import Server

from benchmarks.databases import SqliteFiles
from benchmarks.events import ORGANIZATION, Traffic
from benchmarks.figures import Times
from benchmarks.ingest import Target
from benchmarks.wire import is_complete, request
from tollbook.domain.keys import Limits, Permission

_RETRY_AFTER = 1.0
_ROUNDS = 3
_ANSWER = f"/v1/analytics/users?organization_id={ORGANIZATION}"


@dataclass(frozen=True)
class Case:
    """One value of a limit, and its load."""

    value: str
    connections: int
    events: int
    requests: int
    settings: Mapping[str, str] = field(default_factory=dict)
    padding: int = 0
    default: bool = False


@dataclass(frozen=True)
class Trial:
    """The result of a case in one round.

    Times are those of accepted requests, from their last attempt on; `refused` is the share of
    attempts that got 429.
    """

    events_per_second: float
    p50: float
    p99: float
    peak_mib: float
    refused: float


async def _sent(port: int, connections: int, requests: Sequence[bytes]) -> tuple[Times, int]:
    """Send all requests, and retry each after a second while it gets 429."""
    waiting, accepted, refused = iter(requests), list[float](), 0

    async def work(mine: Iterator[bytes]) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for prepared in mine:
            while True:
                start = perf_counter()
                writer.write(prepared)
                answer = bytearray()
                while not is_complete(answer):
                    answer += await reader.read(1 << 20) or b"HTTP/1.1 000 hung up\r\n\r\n"
                status = int(answer[9:12])
                if status == 200:
                    accepted.append(perf_counter() - start)
                    break
                if status == 429:
                    refused += 1
                    await asyncio.sleep(_RETRY_AFTER)
                if status != 429 or b"connection: close" in answer:
                    writer.close()
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(work(waiting) for _ in range(connections)))
    return Times(accepted), refused


def _try(databases: SqliteFiles, case: Case, traffic: Traffic) -> Trial:
    target = Target(databases)
    headers = {"X-API-Key": target.platform.key(Permission.WRITE_EVENTS)}
    bodies = traffic.bodies(case.requests, case.events)
    if case.padding:
        padding = f'{{"note":"{"x" * case.padding}",'.encode()
        bodies = [it.replace(b'"attributes":{', b'"attributes":' + padding) for it in bodies]
    with Server(target.url, **case.settings) as server:
        warm = [request("POST", "/v1/events", headers, it) for it in traffic.bodies(4, 100)]
        asyncio.run(_sent(server.port, 1, warm))
        requests = [request("POST", "/v1/events", headers, it) for it in bodies]
        start = perf_counter()
        times, refused = asyncio.run(_sent(server.port, case.connections, requests))
        seconds = perf_counter() - start
        peak = peak_mib(server)
    target.verify(case.requests * case.events + 400)
    target.database.close()
    databases.drop(target.url)
    rate = case.requests * case.events / seconds
    return Trial(rate, times.p50, times.p99, peak, refused / (refused + case.requests))


def _table(databases: SqliteFiles, title: str, cases: Sequence[Case], rounds: int) -> None:
    found: dict[str, list[Trial]] = {case.value: [] for case in cases}
    for number in range(rounds):
        traffic = Traffic()
        for case in cases if number % 2 else reversed(cases):
            found[case.value].append(_try(databases, case, traffic))
    shown = {value: _middle(trials) for value, trials in found.items()}
    usual = shown[next(case.value for case in cases if case.default)]
    print(f"\n{title}\n\n| | events/s | ratio to the default | p50 ms | p99 ms | peak MiB | 429 |")
    print("|---|---|---|---|---|---|---|")
    for value, it in shown.items():
        ratio = it.events_per_second / usual.events_per_second
        print(
            f"| {value} | {it.events_per_second:,.0f} | {ratio:.2f} | {it.p50:,.0f} | "
            f"{it.p99:,.0f} | {it.peak_mib:,.0f} | {it.refused:.0%} |",
            flush=True,
        )


def _middle(trials: Sequence[Trial]) -> Trial:
    names = Trial.__dataclass_fields__
    return Trial(*(median(getattr(it, name) for it in trials) for name in names))


_TABLES = {
    "events in a request": [
        Case("1", 8, 1, 2_000),
        Case("100", 8, 100, 400),
        Case("1,000", 8, 1_000, 80, default=True),
        Case("10,000", 8, 10_000, 16),
    ],
    "MAX_GROUP_EVENTS": [
        Case(f"{it:,}", 64, 1_000, 96, {"max_group_events": str(it)}, default=it == 10_000)
        for it in (100, 1_000, 10_000, 100_000)
    ],
    "MAX_QUEUED_EVENTS": [
        Case(f"{it:,}", 128, 1_000, 128, {"max_queued_events": str(it)}, default=it == 100_000)
        for it in (1_000, 10_000, 100_000, 1_000_000)
    ],
    "MAX_BODY_MIB": [
        Case(f"{it:,}", 48, 2_000, 48, {"max_body_mib": str(it)}, 1_800, it == 256)
        for it in (16, 64, 256, 1_024)
    ],
    "MiB in a request": [
        Case("1", 16, 2_000, 32, padding=300),
        Case("4", 16, 2_000, 16, padding=1_800),
        Case("16", 16, 8_000, 8, padding=1_800, default=True),
    ],
}


def _readers(databases: SqliteFiles, rounds: int) -> None:
    """Measure answers without a cache over several concurrent connections."""
    target = Target(databases)
    key = target.platform.key()
    found: dict[int, list[tuple[float, Times]]] = {1: [], 2: [], 4: [], 8: [], 16: [], 32: []}
    with Server(target.url, cached_answer_mib="0") as server:
        headers = {"X-API-Key": key}
        bodies = [request("POST", "/v1/events", headers, it) for it in Traffic().bodies(20, 1_000)]
        asyncio.run(_sent(server.port, 1, bodies))
        for _ in range(rounds):
            for connections, figures in found.items():
                asked = [request("GET", _ANSWER, headers)] * 256
                start = perf_counter()
                times, _ = asyncio.run(_sent(server.port, connections, asked))
                figures.append((len(asked) / (perf_counter() - start), times))
    target.database.close()
    databases.drop(target.url)
    print("\nconcurrent answers\n\n| | answers/s | ratio to one at a time | p50 ms | p99 ms |")
    print("|---|---|---|---|---|")
    alone = median(rate for rate, _ in found[1])
    for connections, figures in found.items():
        rate = median(it for it, _ in figures)
        p50, p99 = (median(getattr(it, name) for _, it in figures) for name in ("p50", "p99"))
        print(f"| {connections} | {rate:,.0f} | {rate / alone:.2f} | {p50:,.0f} | {p99:,.0f} |")


def _ten_times(databases: SqliteFiles) -> None:
    """Exceed the rate limit of a key tenfold for ten seconds, then respect it."""
    target = Target(databases)
    key = target.platform.key(limits=Limits(requests_per_minute=600))
    statuses: list[int] = []
    with Server(target.url) as server, server.client(key) as client:
        body = msgspec.json.encode(event(organization_id=ORGANIZATION))
        while client.post("/v1/events", content=body).status_code != 429:
            pass  # use up the requests of one minute
        start = perf_counter()
        while (at := perf_counter() - start) < 10:
            statuses.append(client.post("/v1/events", content=body).status_code)
            if (ahead := len(statuses) / 100 - at) > 0:
                asyncio.run(asyncio.sleep(ahead))
        start = perf_counter()
        while client.post("/v1/events", content=body).status_code == httpx.codes.TOO_MANY_REQUESTS:
            asyncio.run(asyncio.sleep(0.01))
        recovered = perf_counter() - start
    target.database.close()
    databases.drop(target.url)
    share = statuses.count(429) / len(statuses)
    print(
        f"\na key with {len(statuses) / 10:.0f} requests per second and a limit of 10: {share:.1%} "
        f"get 429; the next one is accepted {recovered * 1000:.0f} ms later"
    )


def main() -> None:
    """Print a table for each limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument(
        "--only", default="", help="print only tables whose titles contain this text"
    )
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    options = parser.parse_args()
    with SqliteFiles(options.folder) as databases:
        for title, cases in _TABLES.items():
            if options.only in title:
                _table(databases, title, cases, options.rounds)
        if options.only in "concurrent answers":
            _readers(databases, options.rounds)
        if options.only in "rate of a key":
            _ten_times(databases)


if __name__ == "__main__":
    main()
