"""Messages in the ledger: one transaction for a batch, and one dead letter for what is refused."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.brokers.conftest import Ledger
from tests.brokers.streams import text
from tests.brokers.test_parts import message
from tests.builders import event
from tests.logs import captured_logs
from tollbook.brokers import storing as module
from tollbook.brokers.storing import MessageStore, StoredMessage
from tollbook.brokers.transport import DeadLetter, Message
from tollbook.domain.errors import InvalidApiKey, StoreUnavailable
from tollbook.domain.keys import Permission, prefix_of
from tollbook.ingest.commit import commit
from tollbook.store import keys
from tollbook.wiring import now


@pytest.fixture
def ledger(sqlite_url_in_memory: str) -> Iterator[Ledger]:
    it = Ledger(sqlite_url_in_memory)
    yield it
    it.database.close()


def store_of(ledger: Ledger, key: str | None = None, *, atomic: bool = False) -> MessageStore:
    prefix = prefix_of(key or ledger.writer)
    assert prefix is not None
    return MessageStore(ledger.database, ledger.directory_cache, now, prefix, atomic=atomic)


def statuses(stored: Sequence[StoredMessage]) -> list[list[str]]:
    return [[it.status.value for it in one.receipts] for one in stored]


def codes(stored: Sequence[StoredMessage]) -> list[str | None]:
    return [None if it.letter is None else it.letter.reasons["tollbook-code"] for it in stored]


class Commits:
    """The sizes of the transactions, some of which fail by a rule."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[list[int]] = []
        self.failure: Callable[[int], Exception | None] = lambda _: None
        monkeypatch.setattr(module, "commit", self.commit)

    def commit(self, database: Any, cache: Any, submissions: Any, instant: int) -> Any:
        self.sizes.append([it.size for it in submissions])
        failure = self.failure(len(submissions))
        if failure:
            raise failure
        return commit(database, cache, submissions, instant)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Commits:
    return Commits(monkeypatch)


def test_each_message_has_its_receipts_in_the_order_of_the_batch(ledger: Ledger) -> None:
    stored = store_of(ledger).store(
        [
            message(text(event(id="a"), event(id="b"))),
            message(b"{broken"),
            message(text(event(id="a"))),
            message(text(event(id="c", quantity=-1), event(id="d"))),
            message(text(event(id="e", organization_id="org_9"))),
            message(text(event(id="a", quantity=2))),
        ]
    )
    assert statuses(stored) == [
        *(["accepted"] * 2, [], ["duplicate"]),
        *(["rejected", "accepted"], ["quarantined"], ["conflict"]),
    ]
    assert codes(stored) == [None, "unreadable_body", None, "negative", None, "conflict"]
    assert ledger.ids() == ["a", "b", "d"]


def test_a_batch_is_one_transaction(ledger: Ledger, commits: Commits) -> None:
    store_of(ledger).store([message(text(event(id=f"{it}"))) for it in range(3)])
    assert commits.sizes == [[1, 1, 1]]


def test_a_transaction_has_a_limited_number_of_events(
    ledger: Ledger, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 4)
    sizes = (3, 1, 1, 5, 2)
    stored = store_of(ledger).store(
        [
            message(text(*(event(id=f"{number}-{it}") for it in range(size))))
            for number, size in enumerate(sizes)
        ]
    )
    assert commits.sizes == [[3, 1], [1], [5], [2]]
    assert [len(it.receipts) for it in stored] == list(sizes)


def test_an_atomic_message_has_a_transaction_of_its_own(ledger: Ledger, commits: Commits) -> None:
    stored = store_of(ledger, atomic=True).store(
        [message(text(event(id="a"), event(id="b", quantity=-1))), message(text(event(id="c")))]
    )
    assert [len(it) for it in commits.sizes] == [1, 1]
    assert statuses(stored) == [["rejected", "rejected"], ["accepted"]]
    assert codes(stored) == ["batch_refused", None]
    assert ledger.ids() == ["c"]


def test_a_message_that_makes_its_batch_fail_is_tried_alone_and_becomes_a_dead_letter(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    def fail(database: Any, cache: Any, submissions: Any, instant: int) -> Any:
        attempts.append(len(submissions))
        if any(it.event.id == "bad" for one in submissions for it in one.events):
            raise ZeroDivisionError
        return commit(database, cache, submissions, instant)

    monkeypatch.setattr(module, "commit", fail)
    with captured_logs() as logged:
        stored = store_of(ledger).store(
            [message(text(event(id=it)), source=f"m:{it}") for it in ("a", "bad", "b")]
        )
    assert attempts == [3, 1, 1, 1, 1, 1]
    assert codes(stored) == [None, "internal_error", None]
    assert stored[1].receipts == []
    assert [(it["event"], it.get("source")) for it in logged] == [
        ("batch_failed", None),
        *[("message_failed", "m:bad")] * 3,
    ]
    assert ledger.ids() == ["a", "b"]


def test_a_message_that_fails_once_alone_is_stored_the_next_time(
    ledger: Ledger, commits: Commits
) -> None:
    failures = [ZeroDivisionError(), ZeroDivisionError(), ZeroDivisionError()]
    commits.failure = lambda _: failures.pop() if failures else None
    with captured_logs():
        (stored,) = store_of(ledger).store([message(text(event(id="a")))])
    assert (stored.letter, statuses([stored])) == (None, [["accepted"]])
    assert len(commits.sizes) == 4


@pytest.mark.parametrize("alone", [False, True])
def test_a_database_that_is_away_decides_nothing(
    ledger: Ledger, commits: Commits, alone: bool
) -> None:
    away = StoreUnavailable("it is away")
    commits.failure = lambda size: ZeroDivisionError() if alone and size > 1 else away
    with captured_logs(), pytest.raises(StoreUnavailable):
        store_of(ledger).store([message(text(event(id=it))) for it in "ab"])
    assert ledger.ids() == []


def test_an_error_of_one_submission_is_that_of_the_batch(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = StoreUnavailable("this one waits")
    monkeypatch.setattr(module, "commit", lambda *_: [error])
    with pytest.raises(StoreUnavailable, match="this one waits"):
        store_of(ledger).store([message(text(event()))])


def test_a_key_that_is_not_there_or_was_revoked_decides_nothing(ledger: Ledger) -> None:
    store = store_of(ledger)
    with pytest.raises(InvalidApiKey):
        MessageStore(ledger.database, ledger.directory_cache, now, "tb_000000000000").store([])
    assert statuses(store.store([message(text(event(id="a")))])) == [["accepted"]]
    prefix = prefix_of(ledger.writer) or ""
    with ledger.database.writing() as transaction:
        keys.revoke_key(transaction, ledger.tenant, prefix, now())
    with pytest.raises(InvalidApiKey):
        store.store([message(text(event(id="b")))])
    assert ledger.ids() == ["a"]


def test_events_have_the_rights_of_the_key(ledger: Ledger) -> None:
    ledger.organization("org_2")
    bound = ledger.key(Permission.WRITE_EVENTS, organization="org_2")
    stored = store_of(ledger, bound).store(
        [message(text(event(id="a"))), message(text(event(id="b", organization_id="org_2")))]
    )
    assert codes(stored) == ["not_for_this_key", None]
    (letter,) = [it.letter for it in stored if it.letter]
    (receipt,) = json.loads(letter.reasons["tollbook-receipts"])
    assert (receipt["id"], receipt["field"]) == ("a", "organization_id")


def test_the_decoder_is_chosen_by_the_message(ledger: Ledger) -> None:
    lines = text(event(id="a"))[1:-1] + b"\n" + text(event(id="b"))[1:-1]
    stored = store_of(ledger).store(
        [
            message(lines, content_type="application/x-ndjson"),
            message(text(event(id="c")), content_type="text/csv"),
            message(text(event(id="d")), content_encoding="br"),
        ]
    )
    assert statuses(stored) == [["accepted", "accepted"], [], []]
    assert codes(stored) == [None, "unsupported_body", "unsupported_body"]


def test_a_dead_letter_has_the_body_as_it_came(ledger: Ledger) -> None:
    body = text(event(id="a", quantity=-1), event(id="b"))
    (stored,) = store_of(ledger).store([message(body)])
    assert isinstance(stored.letter, DeadLetter)
    assert (stored.letter.body, stored.letter.is_packed) == (body, False)
    assert stored.letter.reasons["tollbook-refused"] == "1"
    assert isinstance(stored.message, Message)
