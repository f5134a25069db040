"""Cases of answers: amounts, ids, later fields, states, and pages."""

import re
from collections.abc import Iterator

from tests.builders import event
from tests.conformance.case import Case, call, changed, error_of, rendered
from tests.conformance.recorder import CURSOR, Recorder, request
from tollbook.domain.errors import CursorExpired, NotYet

LATER = "2024-02-01T00:00:46.014123Z"
LARGEST = '"total_cost":1299999999.999999987'
EARLIER = "2024-02-01T00:00:46.014Z"
_MONTH = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def answers(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of exact amounts, unusual ids, and fields that were added later."""
    recorder.post(
        "/v1/events",
        [
            event(id="large", type="voice.call", cost="99999999.999999987"),
            event(id="small", type="sms.outbound", quantity=1, cost="0.000000001"),
            event(id="call/ä?1#%", organization_id="org/ü 1", cost="1.5"),
        ],
    )
    users = recorder.get("/v1/analytics/users", **_MONTH)
    yield call(
        "amounts keep every digit",
        "getUserAnalytics",
        _MONTH,
        [users],
        values={
            "/users/0/total_cost": "99999999.999999988",
            "/users/0/cost_breakdown/voice_cost": "99999999.999999987",
            "/users/0/cost_breakdown/messaging_cost": "0.000000001",
            "/users/0/total_voice_calls": "1",
            "/users/0/user_id": "user_1",
        },
    )
    largest = changed(users, '"total_cost":99999999.999999988', '"total_cost":1299999999.999999987')
    yield call(
        "an amount beyond 15 digits",
        "getUserAnalytics",
        _MONTH,
        [largest],
        values={"/users/0/total_cost": "1299999999.999999987"},
    )
    # Quarantined: the server has stored no organization of this id.
    path = "/v1/events/org%2F%C3%BC%201/call%2F%C3%A4%3F1%23%25"
    yield call(
        "ids with a slash and outside of ASCII",
        "getEvent",
        {"organization_id": "org/ü 1", "event_id": "call/ä?1#%"},
        [recorder.get(path)],
        values={"/status": "quarantined", "/event/id": "call/ä?1#%"},
    )
    organization = recorder.get("/v1/organizations/org_1")
    later = changed(organization, '"status":"active"', '"status":"frozen","added_later":"kept"')
    yield call(
        "an unknown field and an unknown value of an enumeration",
        "getOrganization",
        {"organization_id": "org_1"},
        [later],
        values={"/organization/status": "frozen", "/organization/added_later": "kept"},
    )


def states(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of `min_as_of`: carried, compared as instants, too new, not there yet."""
    found = recorder.get("/v1/budgets")
    carried = {**found, "request": request("GET", "/v1/budgets", {"min_as_of": LATER})}
    yield call(
        "the latest as_of is carried as min_as_of",
        "listBudgets",
        {},
        [carried],
        values={"/success": "true"},
        as_of=LATER,
        options={"as_of": LATER},
    )
    stored = recorder.post("/v1/events", [event(id="call-10")])
    body = re.sub('"as_of":"[^"]*"', f'"as_of":"{LATER}"', stored["response"]["body"])
    later = {**stored, "response": {**stored["response"], "body": body}}
    yield call(
        "as_of is compared as an instant",
        "postEvents",
        {"body": [event(id="call-10")]},
        [later],
        values={"/counts/accepted": "1"},
        as_of=LATER,
        options={"as_of": EARLIER},
    )
    not_yet = {**carried, "response": rendered(NotYet())}
    yield call(
        "a state that has not arrived yet is waited for",
        "listBudgets",
        {},
        [not_yet, carried],
        values={"/success": "true"},
        waits=[[1, 1]],
        options={"as_of": LATER, "max_retries": 0},
    )
    future = "2034-02-01T00:00:00Z"
    refused = recorder.get("/v1/budgets", min_as_of=future)
    yield call(
        "a carried state in the future is dropped",
        "listBudgets",
        {},
        [refused, found],
        values={"/success": "true"},
        as_of=None,
        options={"as_of": future},
    )
    yield call(
        "a stated min_as_of in the future is an error",
        "listBudgets",
        {"min_as_of": future},
        [refused],
        error=error_of(refused),
    )


def pages(recorder: Recorder) -> Iterator[Case]:
    """Yield cases of iteration over pages."""
    path = "/v1/organizations"
    first = recorder.get(path, limit="1")
    cursor = recorder.next_cursor(path, limit="1")
    second = recorder.get(path, {"cursor": CURSOR}, limit="1", cursor=cursor)
    yield {
        **call(
            "rows of every page",
            "listOrganizations",
            {"limit": 1},
            [first, second],
            values={"/0/id": "org_1", "/1/id": "org_2"},
        ),
        "do": "iterate",
    }
    gone = {**second, "response": rendered(CursorExpired())}
    yield {
        **call(
            "an expired cursor never starts over",
            "listOrganizations",
            {"limit": 1},
            [first, gone],
            values={"/0/id": "org_1"},
            error=error_of(gone),
        ),
        "do": "iterate",
    }
