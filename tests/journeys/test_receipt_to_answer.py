"""A write and then a question that must hold it: the receipt's instant is the question's."""

from datetime import datetime, timedelta

import pytest

from tests.api.conftest import Tenant, citus_site, postgres_site, site, site_of  # noqa: F401
from tests.builders import event, reversal
from tests.conftest import ENGINES


@pytest.fixture(params=ENGINES)
def tenant(request: pytest.FixtureRequest) -> Tenant:
    found = site_of(request).tenant()
    found.organization()
    return found


def test_what_a_receipt_acknowledges_is_in_an_answer_not_older_than_it(tenant: Tenant) -> None:
    asked = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}

    def ids(as_of: str) -> set[str]:
        answer = tenant.get("/v1/events", params={**asked, "min_as_of": as_of})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-as-of"][:23] >= as_of[:23]
        return {it["id"] for it in answer.json()["events"]}

    first = tenant.post("/v1/events", json=event()).json()
    assert list(first) == ["success", "counts", "receipts", "as_of"]
    assert ids(first["as_of"]) == {"call-1"}
    again = tenant.post("/v1/events", json=event()).json()
    assert again["counts"]["duplicate"] == 1
    assert again["as_of"] == first["as_of"]
    assert ids(again["as_of"]) == {"call-1"}
    back = tenant.post("/v1/events/reversals", json=reversal(id="back")).json()
    assert ids(back["as_of"]) == {"call-1", "back"}
    for nothing_stored in (
        tenant.post("/v1/events/reversals", json=reversal(id="back")),
        tenant.post("/v1/events/reversals", json=reversal(id="back", reason="another")),
        tenant.post("/v1/events/reversals?atomic=true", json=reversal(id="twice")),
        tenant.post("/v1/events", json=event(quantity=1)),
        tenant.post("/v1/events?atomic=true", json=[event(id="new"), event(quantity=1)]),
        tenant.post("/v1/events?atomic=true", json=[event(id="new"), event(id="")]),
    ):
        assert nothing_stored.json()["as_of"] == back["as_of"]
    assert tenant.post("/v1/events", json=event(id="")).json()["as_of"] > back["as_of"]
    users = tenant.get("/v1/analytics/users", params={**asked, "min_as_of": back["as_of"]})
    assert users.json()["users"][0]["total_voice_calls"] == 0
    later = datetime.fromisoformat(back["as_of"]) + timedelta(seconds=60)
    answer = tenant.get("/v1/events", params={**asked, "min_as_of": later.isoformat()})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
