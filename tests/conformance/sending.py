"""Cases of the sender: what becomes of each event, and how long it waits."""

from collections.abc import Iterator
from typing import Any

from tests.builders import Json, event
from tests.conformance.case import HTML, Case, made, rendered
from tests.conformance.recorder import HTTP_DATE, Exchange, Recorder, request, response
from tollbook.domain.errors import (
    InvalidApiKey,
    PermissionMissing,
    QueueFull,
    RequestError,
    StoreUnavailable,
    TollbookError,
)

FIRST_WAIT = [0, 0.5]
PAUSE = [30, 30]


def send(name: str, events: list[Json], exchanges: list[Exchange], **expect: Any) -> Case:
    """Return a case of recording events and a flush without a limit of time."""
    return {
        "name": name,
        "do": "send",
        "options": expect.pop("options", {}),
        "events": events,
        "exchanges": exchanges,
        "expect": {"receipts": [], "problems": [], "waits": [], "left": 0, **expect},
    }


def batch(*names: str) -> list[Json]:
    """Return a call for each id."""
    return [event(id=name) for name in names]


def failed(events: list[Json], answer: Any) -> Exchange:
    """Return an exchange in which a batch meets the given answer."""
    return {"request": request("POST", "/v1/events", {}, events), "response": answer}


def refused(kind: type[TollbookError], sentence: str, status: int = 0) -> Json:
    """Return an error answer; `status` makes it one of another server's codes."""
    answer = rendered(made(kind, sentence))
    return {**answer, "status": status or kind.status}


def receipts(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of receipts: the five results, and those of other events."""
    recorder.post("/v1/events", [*batch("known"), event(id="taken")])
    events = [
        event(id="new"),
        event(id="known"),
        event(id="nobody", organization_id="org_unknown"),
        event(id="taken", quantity=62),
        event(id="wrong", type="voice.cell"),
    ]
    yield send(
        "all five results in one answer",
        events,
        [recorder.post("/v1/events", events)],
        receipts=[
            {"id": "nobody", "status": "quarantined", "code": "unknown_organization"},
            {"id": "taken", "status": "conflict", "code": "conflict"},
            {"id": "wrong", "status": "rejected", "code": "unknown_type"},
        ],
        problems=[
            {"id": "taken", "status": "conflict", "code": "conflict"},
            {"id": "wrong", "status": "rejected", "code": "unknown_type"},
        ],
    )
    strange = batch("call/ü#1", "call-日本")
    yield send("ids outside of ASCII", strange, [recorder.post("/v1/events", strange)])
    others = recorder.post("/v1/events", batch("other-1"))
    own = batch("own-1")
    mine = recorder.post("/v1/events", own)
    yield send(
        "receipts of other events remove nothing",
        own,
        [failed(own, others["response"]), mine],
        waits=[FIRST_WAIT],
    )
    three = batch("b-1", "b-2", "b-3")
    halves = [recorder.post("/v1/events", three[:2]), recorder.post("/v1/events", three[2:])]
    yield send("batches have at most batch_size events", three, halves, options={"batch_size": 2})


def failures(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of answers after which the same bytes are sent again."""
    events = batch("retry-1")
    stored = recorder.post("/v1/events", events)
    again = recorder.post("/v1/events", events)
    queue = refused(QueueFull, "the write queue is full; nothing was stored, try again soon")
    waits: list[tuple[str, Json, list[float]]] = [
        ("429 with Retry-After in seconds", queue, [1, 1]),
        ("429 with Retry-After as a date", _after(queue, "Thu, 01 Feb 2024 00:00:09 GMT"), [9, 9]),
        ("a Retry-After above 300 seconds", _after(queue, "1000"), [300, 300]),
        ("503 with Retry-After", refused(StoreUnavailable, "the database is away"), [5, 5]),
        ("500 of a proxy", response(500, "internal error"), [0, 0.5]),
        ("408 of a proxy", response(408, "too slow"), [0, 0.5]),
        ("a 200 of HTML removes nothing", HTML, [0, 0.5]),
    ]
    for name, answer, wait in waits:
        yield send(f"sending: {name}", events, [failed(events, answer), stored], waits=[wait])
    yield send(
        "sending: a connection that is lost",
        events,
        [failed(events, "drop"), stored],
        waits=[FIRST_WAIT],
    )
    yield send(
        "sending: an answer that is lost after the commit",
        events,
        [failed(events, "drop_after_commit"), again],
        waits=[FIRST_WAIT],
    )
    down = failed(events, response(502, "bad gateway"))
    yield send(
        "sending: waits grow",
        events,
        [down, down, down, stored],
        waits=[FIRST_WAIT, [0, 1], [0, 2]],
    )


def _after(answer: Json, value: str) -> Json:
    headers = {**answer["headers"], "retry-after": value, "date": HTTP_DATE}
    return {**answer, "headers": headers}


def pauses(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of answers that only an operator can change: everything is kept."""
    events = batch("pause-1")
    stored = recorder.post("/v1/events", events)
    moved = response(307, "", {"location": "http://127.0.0.1:9/elsewhere"})
    for name, answer in (
        ("401", refused(InvalidApiKey, "Invalid API key")),
        ("403", refused(PermissionMissing, "this key lacks the permission events:write")),
        ("404", response(404, "no such page")),
        ("a redirect", moved),
    ):
        yield send(
            f"sending: {name} pauses for 30 seconds",
            events,
            [failed(events, answer), stored],
            waits=[PAUSE],
        )


def halves(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of refused batches: halved, until one event is the problem."""
    four = batch("h-1", "h-2", "h-3", "h-4")
    large = refused(RequestError, "the body must have at most 1024 bytes", 413)
    parts = [recorder.post("/v1/events", four[:2]), recorder.post("/v1/events", four[2:])]
    yield send("413 by halves", four, [failed(four, large), *parts])
    for status in (400, 415, 422):
        two = batch(f"bad-{status}", f"good-{status}")
        invalid = refused(RequestError, "this event stops the batch", status)
        good = recorder.post("/v1/events", two[1:])
        problem = {"id": f"bad-{status}", "status": "rejected", "code": "invalid_request"}
        yield send(
            f"{status} by halves, until one event is the problem",
            two,
            [failed(two, invalid), failed(two[:1], invalid), good],
            receipts=[problem],
            problems=[problem],
        )
