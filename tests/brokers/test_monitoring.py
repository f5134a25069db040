"""What a consumer counts, and the two paths on which it shows that."""

from collections.abc import Iterator
from math import isnan

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import plain_http
from tests.waiting import PATIENCE
from tollbook.brokers.metrics import ConsumeMetrics
from tollbook.brokers.monitoring import Monitoring
from tollbook.domain.errors import Problem
from tollbook.domain.receipts import Outcome, Receipt, rejected


def values(metrics: ConsumeMetrics) -> dict[str, float]:
    """Return the samples by name, with the outcome where there is one."""
    return {
        ":".join(filter(None, (it.name, it.labels.get("outcome"), it.labels.get("le")))): it.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for it in family.samples
        if not it.name.endswith("_created")
    }


def test_every_outcome_is_there_before_anything_has_happened() -> None:
    found = values(ConsumeMetrics())
    for outcome in ("stored", "dead", "released"):
        assert found[f"tollbook_consume_messages_total:{outcome}"] == 0
    for it in Outcome:
        assert found[f"tollbook_consume_events_total:{it.value}"] == 0


def test_messages_and_events_are_counted_by_outcome() -> None:
    metrics = ConsumeMetrics()
    for outcome, count in (("stored", 3), ("dead", 1), ("stored", 2)):
        metrics.count_messages(outcome, count)
    accepted = [Receipt(it, Outcome.ACCEPTED, "a") for it in range(2)]
    metrics.count_receipts([*accepted, rejected(2, None, (Problem("id", "x", "y"),))])
    metrics.count_receipts([])
    metrics.count_redelivered(4)
    metrics.count_reconnect()
    metrics.count_dead_letter_failure()
    found = values(metrics)
    assert found["tollbook_consume_messages_total:stored"] == 5
    assert found["tollbook_consume_messages_total:dead"] == 1
    assert found["tollbook_consume_messages_total:released"] == 0
    assert found["tollbook_consume_events_total:accepted"] == 2
    assert found["tollbook_consume_events_total:rejected"] == 1
    assert found["tollbook_consume_redelivered_total"] == 4
    assert found["tollbook_consume_reconnects_total"] == 1
    assert found["tollbook_consume_dead_letter_failures_total"] == 1


def test_batches_are_measured_and_the_latest_commit_is_known() -> None:
    metrics = ConsumeMetrics()
    metrics.observe_batch(0.004, 1_700_000_000.5)
    metrics.observe_batch(0.3, 1_700_000_009.0)
    metrics.set_in_flight(7)
    found = values(metrics)
    assert found["tollbook_consume_batch_seconds_count"] == 2
    assert found["tollbook_consume_batch_seconds_bucket:0.005"] == 1
    assert found["tollbook_consume_batch_seconds_bucket:0.25"] == 1
    assert found["tollbook_consume_batch_seconds_bucket:0.5"] == 2
    assert found["tollbook_consume_last_commit_timestamp_seconds"] == 1_700_000_009.0
    assert found["tollbook_consume_in_flight"] == 7


def test_a_lag_that_is_not_known_is_no_number() -> None:
    metrics = ConsumeMetrics()
    metrics.set_lag(12)
    assert values(metrics)["tollbook_consume_lag_messages"] == 12
    metrics.set_lag(None)
    lag = values(metrics)["tollbook_consume_lag_messages"]
    assert isnan(lag)


class Health:
    """Whether a consumer has a problem."""

    problem: str | None = None


@pytest.fixture(scope="module")
def health() -> Health:
    return Health()


@pytest.fixture(scope="module")
def address(health: Health) -> Iterator[str]:
    monitoring = Monitoring("127.0.0.1", 0, lambda: b"metric 1\n", lambda: health.problem)
    monitoring.start()
    yield f"http://127.0.0.1:{monitoring.port}"
    monitoring.close()


def get(address: str) -> tuple[int, str]:
    answer = plain_http.get(address, timeout=PATIENCE)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.status_code, answer.text


def test_metrics_and_health_are_served(address: str, health: Health) -> None:
    assert get(f"{address}/metrics") == (200, "metric 1\n")
    assert get(f"{address}/healthz") == (200, "ok\n")
    health.problem = "the broker cannot be reached"
    assert get(f"{address}/healthz") == (503, "the broker cannot be reached\n")
    health.problem = None
    assert get(f"{address}/healthz") == (200, "ok\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics?a=1", "/healthz/../metrics2"])
def test_there_is_nothing_at_other_paths(address: str, path: str) -> None:
    assert get(f"{address}{path}") == (404, "no such endpoint\n")


def test_a_port_that_is_in_use_is_an_error(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Monitoring("127.0.0.1", port, lambda: b"", lambda: None)
