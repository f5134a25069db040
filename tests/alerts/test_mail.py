"""Mails are encrypted, go to one recipient each, and not more often than an hour allows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.builders import (
    Clock,
    delivering,
    make_endpoint,
    notification,
    notify,
    statuses,
    stored_endpoint,
    wait_until_delivered,
)
from tests.alerts.mailboxes import Certificates, Mailbox, receiving_mails
from tests.alerts.receivers import Answer, receiving
from tests.builders import TENANT, Platform
from tests.servers import free_port
from tests.waiting import PATIENCE, wait_for
from tollbook.alerts.mail import Mailer, mail_message
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind
from tollbook.domain.mail import MOST_PER_HOUR, Encryption, MailServer, MailTerms
from tollbook.domain.notifications import NotificationType
from tollbook.domain.payloads import StoredNotification
from tollbook.store.database import Database
from tollbook.store.endpoints import list_endpoints

_HOUR = 3600 * 1_000_000
ADDRESS = "billing@example.com"
FOUND = StoredNotification(TENANT, 1, "ntf_a", "endpoint.test", 1_705_314_600_123_000, "{}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(Path(tmp_path_factory.mktemp("certificates")))


@pytest.fixture
def mailbox(certificates: Certificates) -> Iterator[Mailbox]:
    with receiving_mails(certificates) as running:
        yield running


def add(database: Database, *addresses: str, **given: Any) -> AlertEndpoint:
    to = addresses or (ADDRESS,)
    return make_endpoint(database, None, kind=EndpointKind.MAIL, addresses=to, **given)


def send(
    terms: MailTerms, certificates: Certificates | None, *, seconds: float = 15.0
) -> AttemptOutcome:
    async def run() -> AttemptOutcome:
        context = None if certificates is None else certificates.client
        mailer = Mailer(terms, context, whole_seconds=seconds)
        message = mail_message(terms, ADDRESS, [FOUND], None, FOUND.at)
        outcome = await mailer.send(message, ADDRESS)
        await _until_closed()
        return outcome

    return asyncio.run(run())


def _open_connections() -> int:
    loop: Any = asyncio.get_running_loop()
    return sum(it._sock is not None for it in list(loop._transports.values()))


async def _until_closed() -> None:
    """Wait for connections that the library of mails closes when it could not connect."""
    async with asyncio.timeout(PATIENCE):
        while _open_connections():
            await asyncio.sleep(0.01)


def mailing(
    database: Database, mailbox: Mailbox, certificates: Certificates, clock: Clock | None = None
) -> Any:
    terms, context = mailbox.terms(), certificates.client
    return delivering(database, clock, mailer_of=lambda: Mailer(terms, context))


def test_a_mail_is_sent_over_starttls(mailbox: Mailbox, certificates: Certificates) -> None:
    outcome = send(mailbox.terms(), certificates)
    assert (outcome.status, outcome.is_delivered) == (250, True)
    assert (mailbox.recipients, mailbox.were_encrypted) == ([[ADDRESS]], [True])


def test_a_mail_is_sent_over_tls(certificates: Certificates) -> None:
    with receiving_mails(certificates, is_smtps=True) as mailbox:
        assert send(mailbox.terms(Encryption.TLS), certificates).is_delivered
        assert mailbox.were_encrypted == [True]


def test_a_server_on_this_machine_may_do_without_encryption() -> None:
    with receiving_mails(None) as mailbox:
        assert send(mailbox.terms(Encryption.NONE), None).is_delivered
        assert mailbox.were_encrypted == [False]


def test_an_unknown_certificate_is_refused(mailbox: Mailbox) -> None:
    assert send(mailbox.terms(), None).code is AttemptCode.TLS_FAILED
    assert mailbox.received == []


def test_a_server_without_starttls_gets_nothing(certificates: Certificates) -> None:
    with receiving_mails(None) as mailbox:
        terms = MailTerms(
            MailServer("localhost", mailbox.port, Encryption.STARTTLS), "alerts@example.com"
        )
        assert send(terms, certificates).code is AttemptCode.TLS_FAILED
        assert mailbox.received == []


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", AttemptCode.CONNECT_FAILED),
        ("nowhere.invalid", AttemptCode.DNS_FAILED),
    ],
)
def test_a_server_that_is_not_there_is_tried_again(host: str, code: AttemptCode) -> None:
    terms = MailTerms(MailServer(host, free_port(), Encryption.NONE), "alerts@example.com")
    outcome = send(terms, None)
    assert (outcome.code, outcome.is_final) == (code, False)


def test_a_wrong_password_is_not_final(mailbox: Mailbox, certificates: Certificates) -> None:
    server = MailServer("localhost", mailbox.port, Encryption.STARTTLS, "ledger", "wrong")
    outcome = send(MailTerms(server, "alerts@example.com"), certificates)
    assert (outcome.status, outcome.is_final) == (535, False)


@pytest.mark.parametrize(("answer", "is_final"), [("550 no such user", True), ("450 later", False)])
def test_a_refused_recipient_is_final_with_5xx(
    mailbox: Mailbox, certificates: Certificates, answer: str, *, is_final: bool
) -> None:
    mailbox.refuse = lambda _: answer
    outcome = send(mailbox.terms(), certificates)
    assert (outcome.code, outcome.status) == (AttemptCode.SMTP_STATUS, int(answer[:3]))
    assert (outcome.excerpt, outcome.is_final) == (answer[4:], is_final)
    mailbox.refuse = lambda _: None
    mailbox.data_answer = answer
    assert send(mailbox.terms(), certificates).is_final is is_final


def test_each_address_gets_its_own_mail(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    add(database, "a@example.com", "b@example.com")
    notify(database, notification("a"))
    with mailing(database, mailbox, certificates):
        wait_until_delivered(database, 2)
    assert sorted(mailbox.recipients) == [["a@example.com"], ["b@example.com"]]
    first, second = mailbox.received
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["From"] == "Tollbook <alerts@example.com>"
    assert {first["To"], second["To"]} == {"a@example.com", "b@example.com"}


def test_the_contact_of_an_organization_is_mailed_of_its_disabled_endpoint(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    platform = Platform(database)
    number = platform.organization(email="contact@example.com")
    with receiving() as receiver:
        receiver.decide = lambda _: Answer(410)
        given = {"organization": number, "to_organization": True}
        for place in range(2):
            make_endpoint(database, receiver.url, organization=number)
            with mailing(database, mailbox, certificates):
                notify(database, notification(place, **given))
                wait_for(lambda: len(mailbox.received) == place + 1)  # noqa: B023
    assert mailbox.recipients == [["contact@example.com"]] * 2
    assert mailbox.subjects == ["An endpoint for notifications is disabled"] * 2
    with database.reading() as snapshot:
        assert [it.kind for it in list_endpoints(snapshot, TENANT)] == [EndpointKind.WEBHOOK] * 2
    assert platform.differences() == []


def test_a_repeat_has_the_same_id(mailbox: Mailbox, certificates: Certificates) -> None:
    send(mailbox.terms(), certificates)
    send(mailbox.terms(), certificates)
    first, second = mailbox.received
    assert first["Message-ID"] == second["Message-ID"]


def test_who_stops_while_a_server_takes_leave_closes_the_connection(
    mailbox: Mailbox, certificates: Certificates
) -> None:
    mailbox.holds_who_leaves = True
    terms = mailbox.terms()

    async def run() -> int:
        message = mail_message(terms, ADDRESS, [FOUND], None, FOUND.at)
        sending = asyncio.create_task(Mailer(terms, certificates.client).send(message, ADDRESS))
        await asyncio.to_thread(mailbox.left.wait, PATIENCE)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await asyncio.sleep(0)
        return _open_connections()

    assert asyncio.run(run()) == 0
    assert len(mailbox.received) == 1


def test_a_final_refusal_holds_up_nobody(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    endpoint = add(database, "gone@example.com", "here@example.com")
    mailbox.refuse = lambda address: "550 no such user" if "gone" in address else None
    notify(database, notification("a"), notification("b"))
    with mailing(database, mailbox, certificates):
        wait_for(lambda: sorted(it[1] for it in statuses(database)).count("failed") == 2)
        wait_until_delivered(database, 2)
    stored = stored_endpoint(database, endpoint.id)
    assert (stored.failing_since, stored.status) == (None, "enabled")


def test_a_mail_that_fails_for_now_is_sent_again(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    clock = Clock()
    add(database)
    mailbox.refuse = lambda _: "451 later"
    notify(database, notification("a"))
    with mailing(database, mailbox, certificates, clock):
        wait_for(lambda: statuses(database) == [(1, "pending", 1)])
        mailbox.refuse = lambda _: None
        clock.ahead = _HOUR
        wait_until_delivered(database, 1)


def test_many_waiting_mails_are_one_digest(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    add(database)
    notify(database, *map(notification, range(150)))
    with mailing(database, mailbox, certificates):
        wait_until_delivered(database, 150)
    (found,) = mailbox.received
    body = found.get_body(("plain",))
    assert body is not None
    lines = body.get_content().splitlines()
    assert (found["Subject"], sum("trigger.reached" in it for it in lines)) == (
        "150 notifications",
        100,
    )
    assert "and 50 more" in lines


def test_an_address_gets_so_many_mails_an_hour(
    database: Database, mailbox: Mailbox, certificates: Certificates
) -> None:
    clock = Clock()
    add(database)
    add(database, ADDRESS, types=("endpoint.test",))
    with mailing(database, mailbox, certificates, clock):
        for number in range(MOST_PER_HOUR):
            notify(database, notification(number))
            wait_until_delivered(database, number + 1)
        notify(database, notification("late"))
        test = notification("test", type=NotificationType.ENDPOINT_TEST)
        notify(database, test)
        wait_for(lambda: waits_for_an_hour(database) == 3)
        assert len(mailbox.received) == MOST_PER_HOUR
        clock.ahead = _HOUR
        wait_until_delivered(database, MOST_PER_HOUR + 3)


def waits_for_an_hour(database: Database) -> int:
    with database.reading() as snapshot:
        return snapshot.integer(
            "SELECT COUNT(*) FROM deliveries WHERE tenant_id = :tenant AND status = 'pending' "
            "AND send_now = 0 AND next_attempt_at > created_at",
            tenant=TENANT,
        )


def test_without_a_mail_server_mails_wait(database: Database) -> None:
    add(database)
    notify(database, notification("a"))
    with delivering(database):
        wait_for(lambda: statuses(database) == [(1, "pending", 1)])
    with database.reading() as snapshot:
        row = snapshot.row("SELECT last_code FROM deliveries WHERE tenant_id = :t", t=TENANT)
    assert row == (AttemptCode.MAIL_NOT_CONFIGURED,)
