"""The metrics of a consumer, in the text format of Prometheus; they name no tenants or ids."""

from collections import Counter as Counts

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tollbook.domain.receipts import Outcome, Receipt

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ConsumeMetrics:
    """What a consumer counts and measures."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._messages = Counter(
            "tollbook_consume_messages",
            "Messages by outcome: stored, dead (a dead letter) or released to the broker.",
            ["outcome"],
            registry=registry,
        )
        self._events = Counter(
            "tollbook_consume_events", "Events by outcome.", ["outcome"], registry=registry
        )
        self._redelivered = Counter(
            "tollbook_consume_redelivered",
            "Messages that the broker had delivered before.",
            registry=registry,
        )
        self._reconnects = Counter(
            "tollbook_consume_reconnects", "Lost connections to the broker.", registry=registry
        )
        self._failures = Counter(
            "tollbook_consume_dead_letter_failures",
            "Dead letters that the broker did not confirm.",
            registry=registry,
        )
        self._in_flight = Gauge(
            "tollbook_consume_in_flight", "Messages that are not settled yet.", registry=registry
        )
        self._seconds = Histogram(
            "tollbook_consume_batch_seconds",
            "Time to store a batch of messages.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._last_commit = Gauge(
            "tollbook_consume_last_commit_timestamp_seconds",
            "When the last batch was stored, in seconds since 1970.",
            registry=registry,
        )
        self._lag = Gauge(
            "tollbook_consume_lag_messages",
            "Messages at the broker that are not settled yet.",
            registry=registry,
        )
        for outcome in ("stored", "dead", "released"):
            self._messages.labels(outcome)
        for it in Outcome:
            self._events.labels(it.value)

    def count_messages(self, outcome: str, count: int) -> None:
        """Count messages that were stored, dead or released."""
        self._messages.labels(outcome).inc(count)

    def count_receipts(self, receipts: list[Receipt]) -> None:
        """Count events by outcome."""
        for outcome, count in Counts(it.status for it in receipts).items():
            self._events.labels(outcome.value).inc(count)

    def count_redelivered(self, count: int) -> None:
        """Count messages that the broker had delivered before."""
        self._redelivered.inc(count)

    def count_reconnect(self) -> None:
        """Count a lost connection."""
        self._reconnects.inc()

    def count_dead_letter_failure(self) -> None:
        """Count a dead letter that was not confirmed."""
        self._failures.inc()

    def set_in_flight(self, count: int) -> None:
        """Set how many messages are not settled yet."""
        self._in_flight.set(count)

    def observe_batch(self, seconds: float, stored_at: float) -> None:
        """Measure a batch that was stored at an instant, in seconds since 1970."""
        self._seconds.observe(seconds)
        self._last_commit.set(stored_at)

    def set_lag(self, messages: int | None) -> None:
        """Set how many messages wait; None when it is not known."""
        self._lag.set(float("nan") if messages is None else messages)

    def text(self) -> bytes:
        """Write everything in the text format of Prometheus."""
        return generate_latest(self._registry)
