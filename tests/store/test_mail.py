"""How many mails an address got, which ones wait, and who no longer wants them."""

import pytest

from tests.store.directories import AT
from tests.store.outbox import REFUSED, Outbox
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.store import mail
from tollbook.store.database import Transaction
from tollbook.store.deliveries import DeliveryKey, Lane

ANN, BEN = "ann@acme.example", "ben@acme.example"


@pytest.fixture
def outbox(transaction: Transaction) -> Outbox:
    outbox = Outbox(transaction)
    outbox.mail(ANN, BEN)
    return outbox


def lane(outbox: Outbox, address: str = ANN, endpoint: str = "end_1") -> Lane:
    return Lane(outbox.tenant, endpoint, address)


def sent(outbox: Outbox, since: int, address: str = ANN) -> list[int]:
    return mail.sent_since(outbox.transaction, lane(outbox, address), since)


def statuses(outbox: Outbox, *keys: DeliveryKey) -> list[str]:
    return [outbox.status(key) for key in keys]


def test_mails_are_counted_after_an_instant_the_newest_first(outbox: Outbox) -> None:
    for sequence in range(1, 4):
        outbox.attempt(outbox.deliver(sequence, address=ANN), AT + sequence)
    assert sent(outbox, AT) == [AT + 3, AT + 2, AT + 1]
    assert sent(outbox, AT + 1) == [AT + 3, AT + 2]
    assert sent(outbox, AT + 3) == []
    assert sent(outbox, AT, BEN) == []


def test_one_mail_about_many_notifications_counts_once(outbox: Outbox) -> None:
    for sequence in range(1, 4):
        outbox.attempt(outbox.deliver(sequence, address=ANN), AT + 1)
    assert sent(outbox, AT) == [AT + 1]


def test_mails_of_all_endpoints_of_a_tenant_count_for_an_address(outbox: Outbox) -> None:
    outbox.mail(ANN, identity="end_2")
    other = Outbox(outbox.transaction, "other")
    outbox.attempt(outbox.deliver(1, address=ANN), AT + 1)
    outbox.attempt(outbox.deliver(1, "end_2", ANN), AT + 1)
    other.attempt(other.deliver(1, address=ANN), AT + 1)
    assert sent(outbox, AT) == [AT + 1, AT + 1]


def test_a_mail_that_was_refused_does_not_count(outbox: Outbox) -> None:
    key = outbox.deliver(1, address=ANN)
    outbox.attempt(key, AT + 1, REFUSED)
    assert sent(outbox, AT) == []
    outbox.attempt(key, AT + 2, attempts=2)
    assert sent(outbox, AT) == [AT + 2]


def test_a_webhook_gets_no_mails(outbox: Outbox) -> None:
    outbox.endpoint("end_2")
    outbox.attempt(outbox.deliver(1, "end_2"), AT + 1)
    assert sent(outbox, AT, "") == []


def test_the_mails_to_an_address_wait_and_never_less_than_before(outbox: Outbox) -> None:
    soon, late = outbox.deliver(1, address=ANN), outbox.deliver(2, address=ANN, now=AT + 90)
    other = outbox.deliver(1, address=BEN)
    done, aside = outbox.deliver(3, address=ANN), outbox.deliver(4, address=ANN)
    outbox.attempt(done)
    outbox.attempt(aside, outcome=REFUSED, set_aside=True)
    mail.postpone(outbox.transaction, lane(outbox), AT + 50)
    found = [outbox.row(it).next_attempt_at - AT for it in (soon, late, other, done, aside)]
    assert found == [50, 90, 0, 0, 0]


def test_a_mail_that_was_to_be_sent_at_once_may_wait_with_the_others(outbox: Outbox) -> None:
    at_once = outbox.deliver(1, address=ANN, send_now=True)
    same_sequence = outbox.deliver(1, address=BEN, send_now=True)
    next_one = outbox.deliver(2, address=ANN, send_now=True)
    mail.queue_until(outbox.transaction, at_once, AT + 50)
    assert outbox.row(next_one) == ("pending", 1, 0, 0, AT)
    assert outbox.row(at_once) == ("pending", 0, 0, 0, AT + 50)
    assert outbox.row(same_sequence) == ("pending", 1, 0, 0, AT)


def test_a_delivered_mail_that_is_resent_may_wait_too(outbox: Outbox) -> None:
    key = outbox.deliver(1, address=ANN)
    outbox.attempt(key, set_aside=True, failures=5)
    mail.queue_until(outbox.transaction, key, AT + 50)
    assert outbox.row(key) == (DeliveryStatus.PENDING, 0, 0, 1, AT + 50)


def test_an_address_unsubscribes_from_one_endpoint(outbox: Outbox) -> None:
    outbox.mail(ANN, identity="end_2")
    mine, others = outbox.deliver(1, address=ANN), outbox.deliver(1, address=BEN)
    elsewhere, done = outbox.deliver(1, "end_2", ANN), outbox.deliver(2, address=ANN)
    at_once = outbox.deliver(3, address=ANN, send_now=True)
    outbox.attempt(done)
    mail.unsubscribe(outbox.transaction, lane(outbox), AT)
    found = statuses(outbox, mine, others, elsewhere, done, at_once)
    assert found == ["discarded", "pending", "pending", "delivered", "discarded"]
    assert outbox.row(at_once).send_now == 0
    assert mail.list_unsubscribed(outbox.transaction, outbox.tenant, "end_2") == []


def test_unsubscribing_again_discards_what_came_since(outbox: Outbox) -> None:
    mail.unsubscribe(outbox.transaction, lane(outbox), AT)
    key = outbox.deliver(1, address=ANN)
    mail.unsubscribe(outbox.transaction, lane(outbox), AT + 1)
    assert outbox.status(key) == "discarded"
    assert mail.list_unsubscribed(outbox.transaction, outbox.tenant, "end_1") == [ANN]


def test_unsubscribed_addresses_are_listed_until_all_subscribe_again(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    for it in (lane(outbox, BEN), lane(outbox), lane(outbox, ANN, "end_2"), lane(other)):
        mail.unsubscribe(outbox.transaction, it, AT)
    assert mail.list_unsubscribed(outbox.transaction, outbox.tenant, "end_1") == [ANN, BEN]
    mail.resubscribe(outbox.transaction, outbox.tenant, "end_1")
    assert mail.list_unsubscribed(outbox.transaction, outbox.tenant, "end_1") == []
    assert mail.list_unsubscribed(outbox.transaction, outbox.tenant, "end_2") == [ANN]
    assert mail.list_unsubscribed(outbox.transaction, "other", "end_1") == [ANN]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ([ANN, BEN], ["pending", "pending"]),
        ([BEN], ["discarded", "pending"]),
        (["new@acme.example"], ["discarded", "discarded"]),
        ([], ["discarded", "discarded"]),
    ],
)
def test_what_waits_for_removed_addresses_is_discarded(
    outbox: Outbox, kept: list[str], expected: list[str]
) -> None:
    keys = [outbox.deliver(1, address=it) for it in (ANN, BEN)]
    outbox.mail(ANN, identity="end_2")
    done, elsewhere = outbox.deliver(2, address=ANN), outbox.deliver(1, "end_2", ANN)
    outbox.attempt(done)
    mail.discard_removed(outbox.transaction, outbox.tenant, "end_1", kept)
    assert statuses(outbox, *keys) == expected
    assert statuses(outbox, done, elsewhere) == ["delivered", "pending"]


def test_nothing_changes_the_mails_of_another_tenant(outbox: Outbox) -> None:
    other = Outbox(outbox.transaction, "other")
    other.mail(ANN, BEN)
    keys = [other.deliver(it, address=ANN) for it in (1, 2)]
    before = [other.row(key) for key in keys]
    for it in (1, 2):
        outbox.deliver(it, address=ANN)
    mail.postpone(outbox.transaction, lane(outbox), AT + 50)
    mail.queue_until(outbox.transaction, DeliveryKey(lane(outbox), 1), AT + 90)
    mail.discard_removed(outbox.transaction, outbox.tenant, "end_1", [])
    mail.unsubscribe(outbox.transaction, lane(outbox), AT)
    assert [other.row(key) for key in keys] == before
    assert mail.list_unsubscribed(outbox.transaction, "other", "end_1") == []


def test_who_unsubscribed_elsewhere_still_gets_mails(outbox: Outbox) -> None:
    other, key = Outbox(outbox.transaction, "other"), outbox.deliver(1, address=ANN)
    for it in (lane(outbox, endpoint="end_2"), lane(other)):
        mail.unsubscribe(outbox.transaction, it, AT)
    mail.discard_unsubscribed(outbox.transaction, outbox.tenant, "end_1")
    assert outbox.status(key) == "pending"
