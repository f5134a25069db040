"""Commit the corrections of several requests in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import msgspec

from tollbook.domain.errors import InvalidApiKey, TollbookError
from tollbook.domain.receipts import NOT_STORED, Outcome, Receipt, rejected
from tollbook.ingest.commit import BatchResult
from tollbook.ingest.correction_batch import STORED, CorrectionBatch
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.correction_targets import rights_of
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.known_users import User
from tollbook.ingest.used_meters import UsedMeters, mark_used
from tollbook.store import corrections, versions
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.ledger import Touched

Outcomes = list[BatchResult | TollbookError]


class _Stored(NamedTuple):
    """The outcome of each submission, and the users that are known to be in the directory."""

    outcomes: Outcomes
    users: set[User]
    touched: Touched | None
    used_meters: UsedMeters


def correct(
    database: Database,
    directory_cache: DirectoryCache,
    submissions: Sequence[CorrectionSubmission],
    now: int,
) -> Outcomes:
    """Store corrections in one durable transaction. An atomic submission must be the only one."""
    months: set[int] = set()

    def store(transaction: Transaction, *, are_ids_free: bool = False) -> _Stored:
        batch = CorrectionBatch(
            transaction, directory_cache, submissions, are_ids_free=are_ids_free
        )
        return _store(transaction, directory_cache, submissions, batch, months, now)

    # The month of a corrected event is only known when the event has been read.
    def months_of() -> Iterable[int]:
        return chain(months, *(it.months() for it in submissions))

    # Ids are rarely taken. The refusal of an atomic request names those that are.
    are_ids_free = not submissions[0].atomic
    try:
        stored = database.write_events(months_of, partial(store, are_ids_free=are_ids_free))
    except corrections.IdsTaken:
        stored = database.write_events(months_of, store)
    directory_cache.remember_used_meters(stored.used_meters)
    if stored.touched:
        directory_cache.users.remember(stored.users, stored.touched.token, stored.touched.replaced)
    return stored.outcomes


def _store(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[CorrectionSubmission],
    batch: CorrectionBatch,
    months: set[int],
    now: int,
) -> _Stored:
    receipts = [_receipts(transaction, directory_cache, it, batch) for it in submissions]
    first = receipts[0]
    is_refused = (
        submissions[0].atomic
        and not isinstance(first, TollbookError)
        and any(receipt.code for receipt in first)
    )
    accepted = batch.accepted.to_store
    if is_refused or not accepted.rows:
        outcomes = [
            it
            if isinstance(it, TollbookError)
            else BatchResult(
                _refuse(it) if is_refused else it,
                _newest(transaction, batch.numbers(submission), now),
                is_refused,
            )
            for submission, it in zip(submissions, receipts, strict=True)
        ]
        transaction.undo()
        return _Stored(outcomes, set(), None, {})
    used_meters = mark_used(transaction, batch.new_meters, now)
    months |= batch.accepted.months
    users: set[User] = set()

    def new_users(touched: Touched) -> bool:
        nonlocal users
        named = ((row.organization_id, row.user_id) for row in accepted.rows if not row.code)
        users = directory_cache.users.unknown(named, touched.replaced)
        return bool(users)

    touched = corrections.record(transaction, accepted, now, new_users)
    for submission, of_submission in zip(submissions, receipts, strict=True):
        if not isinstance(of_submission, TollbookError):
            _write_acts(transaction, submission, of_submission, batch)
    results: Outcomes = [
        it if isinstance(it, TollbookError) else BatchResult(it, touched.as_of) for it in receipts
    ]
    return _Stored(results, users, touched, used_meters)


def _receipts(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submission: CorrectionSubmission,
    batch: CorrectionBatch,
) -> list[Receipt] | TollbookError:
    """Return the receipts of a submission in order, or the refusal of its key."""
    key = submission.key
    if key is not None:
        key = directory_cache.key(transaction, key.prefix)
        if key is None:
            return InvalidApiKey()
    rights = rights_of(key)
    receipts = [
        batch.receipt(submission, index, correction, rights)
        for index, correction in submission.corrections
    ]
    if submission.rejections:
        receipts += submission.rejections
        receipts.sort(key=lambda receipt: receipt.index)
    return receipts


def _refuse(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Return the receipts of an atomic request of which nothing is stored."""
    return [_refused(receipt) for receipt in receipts]


def _refused(receipt: Receipt) -> Receipt:
    if not receipt.code:
        return rejected(receipt.index, receipt.id, (NOT_STORED,))
    if receipt.status is Outcome.QUARANTINED:
        return msgspec.structs.replace(receipt, status=Outcome.REJECTED, ways_out=())
    return receipt


def _newest(transaction: Transaction, numbers: set[int], now: int) -> int:
    """Return when organizations last received events; now if they never did."""
    received_at = versions.received_at(transaction, numbers)
    return max(received_at.values(), default=0) or now


def _write_acts(
    transaction: Transaction,
    submission: CorrectionSubmission,
    receipts: Sequence[Receipt],
    batch: CorrectionBatch,
) -> None:
    """Audit the corrections of a submission, once for each organization."""
    statuses = {it.index: it.status for it in receipts}
    corrected: dict[str, list[str]] = defaultdict(list)
    for index, correction in submission.corrections:
        if statuses[index] in STORED:
            corrected[correction.organization_id].append(correction.corrects)
    for name, ids in corrected.items():
        write_act(
            transaction,
            submission.actor,
            "events.correct",
            f"organization {name}",
            {"corrections": len(ids), "first": ids[0]},
            organization=batch.number(submission, name),
        )
