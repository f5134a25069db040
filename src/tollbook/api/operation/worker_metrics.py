"""The metrics of a server: each of its processes reports those of all."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from anyio.to_thread import run_sync
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from tollbook.api.operation.metrics import Metrics
from tollbook.workers import WorkerProcess

_SECONDS_TO_ANSWER = 2.0
"""How long a worker has to report its metrics; it is missing from the answer otherwise."""


class WorkerMetrics:
    """The metrics of all workers, in samples that have the label `worker`.

    Each worker reports its own metrics on a socket that only the others know. Metrics of the
    database would be the same in each, so they come from the worker that is asked.
    """

    def __init__(self, metrics: Metrics, worker: WorkerProcess | None) -> None:
        self._metrics = metrics
        self._worker = worker
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Start to report to the other workers, if there are any."""
        if self._worker:
            path = self._worker.socket_of(self._worker.number)
            path.unlink(missing_ok=True)  # an earlier process of this number has ended
            self._server = await asyncio.start_unix_server(self._report, path)

    def close(self) -> None:
        """Stop to report."""
        if self._server:
            self._server.close()

    async def text(self) -> bytes:
        """Write everything in the text format of Prometheus."""
        texts = await self._texts(self._worker) if self._worker else None
        return await run_sync(self._joined, texts)

    def _joined(self, texts: Mapping[int, bytes] | None) -> bytes:
        own = joined(texts) if texts else self._metrics.text_of_process()
        return own + self._metrics.text_of_database()

    async def _texts(self, worker: WorkerProcess) -> dict[int, bytes]:
        numbers = range(1, worker.workers + 1)
        found = await asyncio.gather(*map(partial(_text_of, worker), numbers))
        return {number: text for number, text in zip(numbers, found, strict=True) if text}

    async def _report(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(await run_sync(self._metrics.text_of_process))
            writer.write_eof()
            await writer.drain()
        writer.close()


async def _text_of(worker: WorkerProcess, number: int) -> bytes:
    """Return the metrics of a worker; nothing when it does not answer."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_ANSWER):
            reader, writer = await asyncio.open_unix_connection(worker.socket_of(number))
            try:
                return await reader.read()
            finally:
                writer.close()
    return b""


def joined(texts: Mapping[int, bytes]) -> bytes:
    """Join the metrics of workers: each sample gets the number of its worker as a label."""
    families: dict[str, Metric] = {}
    for number, text in texts.items():
        for family in text_string_to_metric_families(text.decode()):
            empty = Metric(family.name, family.documentation, family.type)
            found = families.setdefault(family.name, empty)
            for it in family.samples:
                found.add_sample(it.name, {**it.labels, "worker": str(number)}, it.value)
    return generate_latest(_Families(families.values()))


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._families
