"""Endpoints as they are stored, and what waits for them."""

import msgspec
import pytest

from tests.store.directories import AT
from tests.store.outbox import REFUSED, Outbox
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus, contact_id
from tollbook.domain.reports import MailedReport, ReportSchedule
from tollbook.store import endpoints, mail, reports
from tollbook.store.database import Transaction
from tollbook.store.deliveries import Lane


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    return Outbox(transaction)


def find(outbox: Outbox, identity: str = "end_1") -> AlertEndpoint | None:
    return endpoints.find_endpoint(outbox.transaction, outbox.tenant, identity)


FULL = {
    "organization": 7,
    "kind": EndpointKind.TEAMS,
    "name": "Größe 💬",
    "types": ("trigger.*", "budget.reached"),
    "secrets": "sealed too",
    "status": EndpointStatus.FAILING,
    "after_number": 2**40,
    "sequence": 2**41,
    "failing_since": AT + 1,
    "last_status": 503,
    "created_at": AT + 2,
    "changed_at": AT + 3,
}


@pytest.mark.parametrize(
    "given", [{}, FULL, {"url": None, "shown_url": None}, {"addresses": ("ü@x.example", "b@x")}]
)
def test_an_endpoint_comes_back_as_it_was_added(outbox: Outbox, given: dict[str, object]) -> None:
    made = outbox.endpoint(**given)
    assert find(outbox) == made
    assert endpoints.list_all(outbox.transaction) == [made]


@pytest.mark.parametrize("identity", ["end_2", "END_1", "", "end_1\0"])
def test_no_other_id_finds_an_endpoint(outbox: Outbox, identity: str) -> None:
    outbox.endpoint()
    Outbox(outbox.transaction, "other").endpoint("end_2")
    assert find(outbox, identity) is None


def test_endpoints_are_listed_by_age_then_id(outbox: Outbox) -> None:
    for identity, at in (("end_c", AT), ("end_a", AT + 1), ("end_b", AT), ("end_d", AT - 1)):
        outbox.endpoint(identity, created_at=at)
    Outbox(outbox.transaction, "other").endpoint("end_e")
    found = endpoints.list_endpoints(outbox.transaction, outbox.tenant)
    assert [it.id for it in found] == ["end_d", "end_b", "end_c", "end_a"]
    assert len(endpoints.list_all(outbox.transaction)) == 5


def test_contacts_are_listed_when_they_are_wanted(outbox: Outbox) -> None:
    outbox.mail("ann@acme.example", identity=contact_id(7))
    outbox.endpoint("end_2", created_at=AT + 1)
    named = [it.id for it in endpoints.list_endpoints(outbox.transaction, outbox.tenant)]
    every = endpoints.list_endpoints(outbox.transaction, outbox.tenant, with_contacts=True)
    assert named == ["end_2"]
    assert [it.id for it in every] == ["con_7", "end_2"]


def test_a_change_keeps_the_kind_the_owner_and_the_age(outbox: Outbox) -> None:
    made = outbox.endpoint()
    other = Outbox(outbox.transaction, "other")
    same_id, second = other.endpoint(), outbox.endpoint("end_2")
    wanted = msgspec.structs.replace(made, **FULL, addresses=("a@x.example",))
    endpoints.change_endpoint(outbox.transaction, wanted)
    assert find(outbox) == msgspec.structs.replace(
        wanted, organization=made.organization, kind=made.kind, created_at=made.created_at
    )
    assert find(other) == same_id
    assert find(outbox, "end_2") == second


def test_addresses_may_all_be_removed(outbox: Outbox) -> None:
    made = outbox.mail("a@x.example")
    endpoints.change_endpoint(outbox.transaction, msgspec.structs.replace(made, addresses=()))
    found = find(outbox)
    assert found is not None
    assert found.addresses == ()


def add_report(outbox: Outbox, identity: str, endpoint: str) -> None:
    made = MailedReport(
        tenant=outbox.tenant,
        id=identity,
        organization=None,
        user_id=None,
        schedule=ReportSchedule.DAILY,
        hour=7,
        endpoint=endpoint,
        created_at=AT,
        changed_at=AT,
    )
    reports.add_report(outbox.transaction, made)


def test_an_endpoint_is_removed_with_its_reports(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    for box in (outbox, other):
        for identity in ("end_1", "end_2"):
            box.mail("a@x.example", identity=identity)
            add_report(box, f"of {identity}", identity)
            mail.unsubscribe(box.transaction, Lane(box.tenant, identity, "a@x.example"), AT)
    endpoints.remove_endpoint(outbox.transaction, outbox.tenant, "end_1")
    for box, kept in ((outbox, ["end_2"]), (other, ["end_1", "end_2"])):
        found = endpoints.list_endpoints(box.transaction, box.tenant)
        assert [it.id for it in found] == kept
        assert [it.endpoint for it in reports.list_reports(box.transaction, box.tenant)] == kept
        left = [it for it in ("end_1", "end_2") if _unsubscribed(box, it)]
        assert left == kept


def _unsubscribed(outbox: Outbox, endpoint: str) -> list[str]:
    return mail.list_unsubscribed(outbox.transaction, outbox.tenant, endpoint)


def test_what_waits_for_a_removed_endpoint_is_discarded(outbox: Outbox) -> None:
    outbox.endpoint()
    outbox.endpoint("end_2")
    waiting, at_once = outbox.deliver(1), outbox.deliver(2, send_now=True)
    done, elsewhere = outbox.deliver(3), outbox.deliver(1, "end_2")
    outbox.attempt(done)
    assert endpoints.count_pending(outbox.transaction, outbox.tenant, "end_1") == 2
    endpoints.remove_endpoint(outbox.transaction, outbox.tenant, "end_1")
    found = [outbox.status(key) for key in (waiting, at_once, done, elsewhere)]
    assert found == ["discarded", "discarded", "delivered", "pending"]
    assert outbox.row(at_once).send_now == 0
    assert endpoints.count_pending(outbox.transaction, outbox.tenant, "end_1") == 0
    assert endpoints.count_pending(outbox.transaction, outbox.tenant, "end_2") == 1


def test_discarding_says_how_many_deliveries_waited(outbox: Outbox) -> None:
    outbox.deliver(1)
    outbox.deliver(2)
    Outbox(outbox.transaction, "other").deliver(1)
    discard = endpoints.discard_pending
    assert discard(outbox.transaction, outbox.tenant, "end_1") == 2
    assert discard(outbox.transaction, outbox.tenant, "end_1") == 0


def test_deliveries_become_due_and_never_later_than_before(outbox: Outbox) -> None:
    late, due = outbox.deliver(1, now=AT + 90), outbox.deliver(2, now=AT - 90)
    aside, done = outbox.deliver(3, now=AT + 90), outbox.deliver(4, now=AT + 90)
    elsewhere = outbox.deliver(1, "end_2", now=AT + 90)
    other = Outbox(outbox.transaction, "other")
    theirs = other.deliver(1, now=AT + 90)
    outbox.attempt(aside, outcome=REFUSED, set_aside=True, next_attempt_at=AT + 90)
    outbox.attempt(done, next_attempt_at=AT + 90)
    endpoints.make_due(outbox.transaction, outbox.tenant, "end_1", AT)
    found = [outbox.row(it).next_attempt_at - AT for it in (late, due, aside, done, elsewhere)]
    assert found == [0, -90, 90, 90, 90]
    assert other.row(theirs).next_attempt_at == AT + 90
