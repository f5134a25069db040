"""Counters and timings of a server, for Prometheus."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tollbook import __version__
from tollbook.domain.errors import TollbookError
from tollbook.domain.quarantine import CODES
from tollbook.store.deliveries import DeliveryBacklog
from tollbook.store.engine import NodeFigures

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_EVENTS = (1, 10, 100, 1_000, 2_000, 5_000, 10_000)
_REFUSALS = frozenset({401, 403, 408, 413, 429})
"""The statuses of requests that are refused because of their key or a limit."""
_Value = TypeVar("_Value")
_KEPT_FOR = 15.0
"""Seconds for which what must be counted in the database is not counted again."""


class Measured(NamedTuple):
    """Values that are read on request, each by a call; None when one is unavailable."""

    queued_events: Callable[[], int]
    held_bytes: Callable[[], int]
    quarantined_events: Callable[[], Mapping[str, int] | None]
    pending_events: Callable[[], Mapping[str, int] | None]
    connections: Callable[[], int]
    unread_bytes: Callable[[], int]
    database_bytes: Callable[[], int | None]
    nodes: Callable[[], list[NodeFigures] | None]
    clock_seconds: Callable[[], int | None]
    pending_erasures: Callable[[], int | None]
    backlog: Callable[[], DeliveryBacklog | None]
    replica_lag_seconds: Callable[[], float | None] | None = None


class Metrics:
    """The counters of one process of a server."""

    def __init__(self, measured: Measured) -> None:
        self._registry = registry = CollectorRegistry()
        self._of_database = CollectorRegistry()
        Info("tollbook_build", "The version that runs.", registry=registry).info(
            {"version": __version__}
        )
        self._events = Counter(
            "tollbook_events", "Events by receipt.", ["outcome"], registry=registry
        )
        self._requests = Counter(
            "tollbook_requests", "Requests answered.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "tollbook_request_seconds",
            "Time from the request to its answer.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._commit_seconds = Histogram(
            "tollbook_commit_seconds",
            "Time of a durable transaction of events.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._commit_events = Histogram(
            "tollbook_commit_events", "Events of a transaction.", buckets=_EVENTS, registry=registry
        )
        self._failed = Counter(
            "tollbook_commits_failed", "Transactions that could not be made.", registry=registry
        )
        self._answers = Counter(
            "tollbook_answers",
            "Answers by where they came from: the ledger, the cache, or the client's own copy.",
            ["source"],
            registry=registry,
        )
        self._replica_reads = Counter(
            "tollbook_replica_reads",
            "Requests that a replica could answer, by the database that has answered them.",
            ["source"],
            registry=registry,
        )
        self._refusals = Counter(
            "tollbook_refusals",
            "Connections and requests that were refused because of a limit, by its code.",
            ["kind"],
            registry=registry,
        )
        # Finding a counter by its labels takes longer than counting.
        self._events_by = cache(self._events.labels)
        self._requests_by = cache(self._requests.labels)
        self._seconds_by = cache(self._seconds.labels)
        self._count_alerts()
        ProcessCollector(registry=registry)
        self._looked_up(measured)

    def _count_alerts(self) -> None:
        registry = self._registry
        self._notifications = Counter(
            "tollbook_notifications",
            "Notifications that were given to their endpoints, by type.",
            ["type"],
            registry=registry,
        )
        self._look_seconds = Histogram(
            "tollbook_alerts_look_seconds",
            "Time of a look at the figures of triggers.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._last_look = Gauge(
            "tollbook_alerts_last_look_timestamp_seconds",
            "When the last look at the figures of triggers ended; 0 where none did.",
            registry=registry,
        )
        self._attempts = Counter(
            "tollbook_deliveries",
            "Attempts to deliver a notification, by kind of endpoint and outcome.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._latency = Histogram(
            "tollbook_delivery_latency_seconds",
            "Time from the commit of a notification to its first attempt.",
            buckets=_SECONDS,
            registry=registry,
        )

    def _looked_up(self, measured: Measured) -> None:
        registry = self._registry
        Gauge(
            "tollbook_queue_events", "Events that wait for the writer.", registry=registry
        ).set_function(measured.queued_events)
        Gauge(
            "tollbook_body_bytes",
            "Bodies of requests that are not answered yet, without the first 64 KiB of each.",
            registry=registry,
        ).set_function(measured.held_bytes)
        Gauge(
            "tollbook_connections", "Open connections of clients.", registry=registry
        ).set_function(measured.connections)
        Gauge(
            "tollbook_unread_bytes",
            "Responses that wait for clients that do not read them.",
            registry=registry,
        ).set_function(measured.unread_bytes)
        if measured.replica_lag_seconds is not None:
            Gauge(
                "tollbook_replica_lag_seconds",
                "Seconds of commits that the replica may lack.",
                registry=registry,
            ).set_function(_number(measured.replica_lag_seconds))
        self._database_looked_up(measured)

    def _database_looked_up(self, measured: Measured) -> None:
        registry = self._of_database
        registry.register(_QuarantinedEvents(_seldom(measured.quarantined_events)))
        registry.register(_PendingEvents(_seldom(measured.pending_events)))
        nodes = _seldom(measured.nodes)
        size = partial(_size_of_all, nodes, _seldom(measured.database_bytes))
        Gauge("tollbook_database_bytes", "Size of the database.", registry=registry).set_function(
            _number(size)
        )
        registry.register(_Nodes(nodes))
        Gauge(
            "tollbook_clock_seconds",
            "Seconds that the clock is ahead of the database's; in a file, of its newest commit.",
            registry=registry,
        ).set_function(_number(_seldom(measured.clock_seconds)))
        Gauge(
            "tollbook_erasures_pending",
            "Erased persons whose data is still in the database's log of writes.",
            registry=registry,
        ).set_function(_number(_seldom(measured.pending_erasures)))
        self._deliveries_looked_up(_seldom(measured.backlog))

    def _deliveries_looked_up(self, backlog: Callable[[], DeliveryBacklog | None]) -> None:
        for name, about, field in (
            ("tollbook_deliveries_pending", "Deliveries that wait.", "pending"),
            (
                "tollbook_delivery_oldest_seconds",
                "Time since the oldest delivery that waits was written.",
                "oldest_seconds",
            ),
            (
                "tollbook_endpoints_disabled",
                "Endpoints that failed for three days, or are gone.",
                "disabled_endpoints",
            ),
        ):
            read = partial(_field, backlog, field)
            Gauge(name, about, registry=self._of_database).set_function(read)

    def count_attempt(self, kind: str, outcome: str, seconds: float | None) -> None:
        """Count an attempt to deliver; `seconds` since the notification was written, if first."""
        self._attempts.labels(kind, outcome).inc()
        if seconds is not None:
            self._latency.observe(max(0.0, seconds))

    def count_notification(self, kind: str) -> None:
        """Count a notification that was given to its endpoints."""
        self._notifications.labels(kind).inc()

    def count_look(self, seconds: float, ended: int) -> None:
        """Count a look at the figures of triggers, which ended at microseconds since 1970."""
        self._look_seconds.observe(seconds)
        self._last_look.set(ended / 1_000_000)

    def count_events(self, counts: Mapping[str, int]) -> None:
        """Count receipts by outcome."""
        for outcome, count in counts.items():
            if count:
                self._events_by(outcome).inc(count)

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests_by(endpoint, status).inc()
        self._seconds_by(endpoint).observe(seconds)

    def count_commit(self, events: int, seconds: float, *, failed: bool) -> None:
        """Count a transaction of the writer."""
        if failed:
            self._failed.inc()
        else:
            self._commit_seconds.observe(seconds)
            self._commit_events.observe(events)

    def count_answer(self, source: str) -> None:
        """Count an answer of `ledger`, `cache` or `client`."""
        self._answers.labels(source).inc()

    def count_replica_read(self, source: str) -> None:
        """Count a request that the `replica` has answered, or the `primary` in its place."""
        self._replica_reads.labels(source).inc()

    def count_refusal(self, kind: str) -> None:
        """Count a connection or request that was refused because of a limit."""
        self._refusals.labels(kind).inc()

    def count_refused(self, error: TollbookError) -> None:
        """Count a request that is answered with an error, if its key or a limit is the reason."""
        if error.status in _REFUSALS:
            self.count_refusal(error.code)

    def text_of_process(self) -> bytes:
        """Write what this process counts and measures, in the text format of Prometheus."""
        return generate_latest(self._registry)

    def text_of_database(self) -> bytes:
        """Write what every process of a server would measure alike."""
        return generate_latest(self._of_database)


class _QuarantinedEvents(Collector):
    """The events in quarantine by the code of their reason, each with a sample, also of 0."""

    def __init__(self, read: Callable[[], Mapping[str, int] | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield the metric, without samples while the number is unavailable."""
        events = GaugeMetricFamily(
            "tollbook_quarantine_events",
            "Events that wait for a price or an owner, by reason.",
            labels=["code"],
        )
        counts = self._read()
        if counts is not None:
            for code, count in {**dict.fromkeys(CODES, 0), **counts}.items():
                events.add_metric([code], count)
        yield events


class _PendingEvents(Collector):
    """The events that wait for their carrier's price, by their age."""

    def __init__(self, read: Callable[[], Mapping[str, int] | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield the metric, without samples while the number is unavailable."""
        events = GaugeMetricFamily(
            "tollbook_pending_events",
            "Events that wait for their carrier's price, by the age of their own time.",
            labels=["age"],
        )
        for age, count in (self._read() or {}).items():
            events.add_metric([age], count)
        yield events


class _Nodes(Collector):
    """The nodes of a cluster; without one, nothing."""

    def __init__(self, read: Callable[[], list[NodeFigures] | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; a node that does not answer is not up and has no other samples."""
        nodes = self._read()
        if not nodes:
            return
        sizes = [node.bytes for node in nodes]
        connections = [node.connections for node in nodes]
        for name, about, values in (
            ("up", "Whether a node of the cluster answers.", [it is not None for it in sizes]),
            ("bytes", "Size of the database on a node.", sizes),
            ("connections", "Connections to the database on a node.", connections),
        ):
            metric = GaugeMetricFamily(f"tollbook_node_{name}", about, labels=["node"])
            for node, value in zip(nodes, values, strict=True):
                if value is not None:
                    metric.add_metric([node.name], value)
            yield metric


def _seldom(look: Callable[[], _Value | None]) -> Callable[[], _Value | None]:
    """Return a value read at most every fifteen seconds; None when it is unavailable."""
    at = -_KEPT_FOR
    seen: _Value | None = None

    def value() -> _Value | None:
        nonlocal at, seen
        if time.monotonic() - at >= _KEPT_FOR:
            seen = look()
            at = time.monotonic()
        return seen

    return value


def _size_of_all(
    nodes: Callable[[], list[NodeFigures] | None], database_bytes: Callable[[], int | None]
) -> int | None:
    """Return the size of the database, on a cluster of what its nodes have answered.

    None when it is not known, also of one node.
    """
    found = nodes()
    if not found:
        return None if found is None else database_bytes()
    sizes = [it.bytes for it in found if it.bytes is not None]
    return sum(sizes) if len(sizes) == len(found) else None


def _number(read: Callable[[], float | None]) -> Callable[[], float]:
    """Return a value for a gauge: NaN when it is unavailable."""

    def value() -> float:
        found = read()
        return float("nan") if found is None else float(found)

    return value


def _field(read: Callable[[], DeliveryBacklog | None], name: str) -> float:
    """Return a field of what was measured; not a number while the database does not respond."""
    found = read()
    return float("nan") if found is None else float(getattr(found, name))
