"""The load generator: a process that sends prepared requests over many connections."""

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, Self, cast

import uvloop

from benchmarks.figures import Times
from benchmarks.wire import WrongAnswer, check, is_complete


@dataclass(frozen=True)
class Job:
    """Requests, each sent over a free connection, and the expected answer."""

    port: int
    connections: int
    requests: Sequence[bytes]
    status: int = 200
    start: bytes = b""
    most_seconds: float = 900


@dataclass(frozen=True)
class Outcome:
    """The seconds of a job from the first byte to the last, and of each of its requests."""

    seconds: float
    times: Times
    client_seconds: float
    """The CPU time of the load generator."""


class _Connection(asyncio.Protocol):
    """Send the next request when the answer to the last one has arrived."""

    def __init__(self, job: Job, waiting: Iterator[bytes], taken: list[float]) -> None:
        self._job = job
        self._waiting = waiting
        self._taken = taken
        self._answer = bytearray()
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        request = next(self._waiting, None)
        if request is None or self._transport is None:
            self.close()
            return
        self._answer.clear()
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not is_complete(self._answer):
            return
        self._taken.append(time.perf_counter() - self._sent)
        try:
            check(self._answer, self._job.status, self._job.start)
        except WrongAnswer as error:
            self.close(error)
        else:
            self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        self.close(WrongAnswer("the server hung up"))

    def close(self, error: Exception | None = None) -> None:
        if self._transport:
            self._transport.close()
        if self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


async def _run(job: Job) -> Outcome:
    loop = asyncio.get_running_loop()
    waiting, taken = iter(job.requests), list[float]()
    connections = [
        (
            await loop.create_connection(
                lambda: _Connection(job, waiting, taken), "127.0.0.1", job.port
            )
        )[1]
        for _ in range(job.connections)
    ]
    busy, start = time.process_time(), time.perf_counter()
    for connection in connections:
        connection.send()
    async with asyncio.timeout(job.most_seconds):
        await asyncio.gather(*(connection.done for connection in connections))
    seconds = time.perf_counter() - start
    return Outcome(seconds, Times(taken), time.process_time() - busy)


def _work(pipe: Pipe) -> None:
    gc.disable()
    while (job := pipe.recv()) is not None:
        try:
            pipe.send(uvloop.run(_run(job)))
        except WrongAnswer as error:
            pipe.send(error)
        except TimeoutError:
            pipe.send(WrongAnswer(f"not all requests answered in {job.most_seconds:.0f} s"))


class Load:
    """The process, which runs one job at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)

    def run(self, job: Job) -> Outcome:
        """Run a job; raise `WrongAnswer` if any answer is not as expected."""
        self._pipe.send(job)
        outcome: Any = self._pipe.recv()
        if isinstance(outcome, WrongAnswer):
            raise outcome
        return cast("Outcome", outcome)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.send(None)
        self._process.join(10)
