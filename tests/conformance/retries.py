"""Cases of retries: which calls, how long, and how often."""

from collections.abc import Iterator

from tests.builders import event
from tests.conformance.case import ONCE_MORE, Case, call, error_of, rendered, with_headers
from tests.conformance.recorder import HTTP_DATE, Recorder, response
from tollbook.domain.errors import QueueFull, StoreUnavailable


def retries(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of retries: which calls, how long, and how often."""
    found = recorder.get("/v1/budgets")
    asked = found["request"]
    busy = {"request": asked, "response": rendered(QueueFull("the write queue is full"))}
    down = {"request": asked, "response": rendered(StoreUnavailable("the database is away"))}
    gateway = {"request": asked, "response": response(502, "bad gateway")}
    success = {"/success": "true"}
    yield call(
        "429 with Retry-After in seconds",
        "listBudgets",
        {},
        [busy, found],
        values=success,
        waits=[[1, 1]],
    )
    dated = with_headers(busy, {"retry-after": "Thu, 01 Feb 2024 00:00:07 GMT", "date": HTTP_DATE})
    yield call(
        "429 with Retry-After as a date",
        "listBudgets",
        {},
        [dated, found],
        values=success,
        waits=[[7, 7]],
    )
    yield call(
        "503 and its Retry-After", "listBudgets", {}, [down, found], values=success, waits=[[5, 5]]
    )
    yield call(
        "502 of a proxy, twice",
        "listBudgets",
        {},
        [gateway, gateway, found],
        values=success,
        waits=[ONCE_MORE, [0, 1]],
    )
    lost = {"request": asked, "response": "drop"}
    yield call(
        "a connection that is lost",
        "listBudgets",
        {},
        [lost, found],
        values=success,
        waits=[ONCE_MORE],
    )
    yield call(
        "a server that never answers",
        "listBudgets",
        {},
        [lost, lost, lost],
        error={"class": "ServerUnreachable"},
        waits=[ONCE_MORE, [0, 1]],
        options={"max_retries": 2},
    )
    patient = with_headers(busy, {"retry-after": "61"})
    yield call(
        "a Retry-After above 60 seconds is raised",
        "listBudgets",
        {},
        [patient],
        error=error_of(patient),
        waits=[],
    )
    yield from _of_posts(recorder)


def _of_posts(recorder: Recorder) -> Iterator[Case]:
    made = recorder.post("/v1/organizations", {"id": "org_2", "name": "Globex"})
    refused = {"request": made["request"], "response": rendered(StoreUnavailable("away"))}
    busy = {"request": made["request"], "response": rendered(QueueFull("full"))}
    body = {"id": "org_2", "name": "Globex"}
    yield call(
        "a POST that creates is not repeated after 503",
        "createOrganization",
        {"body": body},
        [refused],
        error=error_of(refused),
        waits=[],
    )
    lost = {"request": made["request"], "response": "drop_after_commit"}
    yield call(
        "a POST that creates is not repeated when its answer is lost",
        "createOrganization",
        {"body": body},
        [lost],
        error={"class": "ServerUnreachable"},
        waits=[],
    )
    yield call(
        "a POST that creates is repeated after 429",
        "createOrganization",
        {"body": body},
        [busy, made],
        values={"/organization/id": "org_2"},
        waits=[[1, 1]],
    )
    sent = [event(id="call-9")]
    stored = recorder.post("/v1/events", sent)
    again = recorder.post("/v1/events", sent)
    lost = {"request": stored["request"], "response": "drop_after_commit"}
    yield call(
        "events are sent again when their answer is lost",
        "postEvents",
        {"body": sent},
        [lost, again],
        values={"/receipts/0/status": "duplicate", "/counts/duplicate": "1"},
        waits=[ONCE_MORE],
    )
