"""Commit many submissions in one transaction: claim, store, and return a receipt per event."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec

from tollbook.domain.errors import DirectoryChanged, InvalidApiKey, Problem, TollbookError
from tollbook.domain.quarantine import WayOut, ways_out
from tollbook.domain.receipts import (
    NOT_STORED,
    Outcome,
    Receipt,
    conflict,
    quarantined,
    rejected,
)
from tollbook.ingest.accept import SUM_OUT_OF_RANGE, stage_row
from tollbook.ingest.cloud_events import rename_problems
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.known_users import User
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.submit import Submission, months_of
from tollbook.ingest.unaddressable import has_unaddressable
from tollbook.ingest.used_meters import UsedMeters, mark_used
from tollbook.store import ledger, versions
from tollbook.store.database import Database, Transaction
from tollbook.store.ledger import Recorded, Touched
from tollbook.store.staging import ExistingIdentity, Staged

Identity = tuple[int, str]
_organization = itemgetter(Staged._fields.index("organization_id"))
_tier_key = itemgetter(Staged._fields.index("tier_key"))
_code = itemgetter(Staged._fields.index("code"))
_identity = itemgetter(*map(Staged._fields.index, ("organization_id", "id")))
_user = itemgetter(*map(Staged._fields.index, ("organization_id", "user_id")))

ALREADY_IN_QUARANTINE = "this event is in quarantine from an earlier request"


class BatchResult(msgspec.Struct, frozen=True):
    """The receipts of a submission, in order, and the instant of the commit.

    A state that is not older than `as_of` holds all accepted events, earlier ones included: when
    nothing was stored, `as_of` is the newest commit to these organizations. `refused` is true when
    the submission was atomic and nothing was stored.
    """

    receipts: list[Receipt]
    as_of: int
    refused: bool = False


class _RollBack(Exception):
    """Rolls back the transaction of an atomic submission."""

    def __init__(self, causes: list[Receipt]) -> None:
        super().__init__()
        self.causes = causes


def commit(
    database: Database, directory_cache: DirectoryCache, submissions: Sequence[Submission], now: int
) -> list[BatchResult | TollbookError]:
    """Store submissions in one durable transaction. An atomic one must be the only one."""
    if submissions[0].atomic:
        return [_commit_atomic(database, directory_cache, submissions[0], now)]
    stored = database.write_events(
        lambda: months_of(submissions),
        lambda transaction: _store(transaction, directory_cache, submissions, now),
    )
    directory_cache.remember_used_meters(stored.used_meters)
    if stored.touched:
        directory_cache.users.remember(stored.users, stored.touched.token, stored.touched.replaced)
    return stored.outcomes


def _commit_atomic(
    database: Database, directory_cache: DirectoryCache, submission: Submission, now: int
) -> BatchResult | TollbookError:
    if submission.rejections:
        database.require_clock()  # a wrong clock rejects valid events
        return _refuse(database, submission, submission.rejections, now)

    def store(transaction: Transaction) -> BatchResult | TollbookError:
        result = _store(transaction, directory_cache, [submission], now).outcomes[0]
        if isinstance(result, BatchResult):
            causes = [receipt for receipt in result.receipts if receipt.code]
            if causes:
                raise _RollBack(causes)
        return result

    try:
        return database.write_events(lambda: months_of([submission]), store)
    except _RollBack as refusal:
        return _refuse(database, submission, refusal.causes, now)


def _refuse(
    database: Database, submission: Submission, causes: Iterable[Receipt], now: int
) -> BatchResult:
    """Return receipts for a refused submission: the causes, and `NOT_STORED` for other events."""
    with database.reading() as snapshot:
        received_at = versions.received_at(snapshot, map(_organization, submission.rows))
    receipts = {
        it.index: rejected(it.index, it.event.id, (NOT_STORED,)) for it in submission.events
    }
    for cause in causes:
        would_wait = cause.status is Outcome.QUARANTINED
        status = Outcome.REJECTED if would_wait else cause.status
        receipts[cause.index] = msgspec.structs.replace(cause, status=status, ways_out=())
    as_of = _newest(submission, received_at, now)
    return BatchResult([receipts[index] for index in sorted(receipts)], as_of, refused=True)


def _newest(submission: Submission, received_at: Mapping[int, int], now: int) -> int:
    """Return when a submission's organizations last received events; now if they never did."""
    return max((received_at[row.organization_id] for row in submission.rows), default=0) or now


class _Stored(NamedTuple):
    """The outcome of each submission, and the users that are known to be in the directory."""

    outcomes: list[BatchResult | TollbookError]
    users: set[User]
    touched: Touched | None
    used_meters: UsedMeters


def _store(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    now: int,
) -> _Stored:
    refusals = _renew(transaction, directory_cache, submissions)
    _refuse_events(transaction, directory_cache, submissions, refusals)
    arrived = [row for submission in submissions for row in submission.rows]
    first_rows = _first_of_each(arrived)
    existing: dict[Identity, ExistingIdentity] = {}
    users: set[User] = set()
    as_of, touched, full = now, None, False

    def new_users(touched: Touched) -> bool:
        """Find users to add. An event in quarantine creates no user."""
        nonlocal users
        users = directory_cache.users.unknown(map(_user, rows), touched.replaced)
        if users:
            stored = (_user(row) for row in rows if not row.code)
            users = directory_cache.users.unknown(stored, touched.replaced)
        return bool(users)

    if first_rows:
        rows = list(first_rows.values())
        if any(map(_tier_key, rows)):
            recorded = _record_in_order(transaction, directory_cache, submissions, first_rows, now)
            full = any(row.code == SUM_OUT_OF_RANGE for row in first_rows.values())
        else:
            recorded = ledger.record(transaction, rows, now, new_users)
        found, as_of, touched = recorded
        existing = {(it.organization_id, it.id): it for it in found}
        if existing:  # an event that was not stored has created no user
            users = set()
    received_at: dict[int, int] = {}
    used_meters: UsedMeters = {}
    if touched is not None:
        used_meters = _mark_used_meters(transaction, directory_cache, submissions, now)
    elif first_rows:  # nothing was stored
        received_at = versions.received_at(transaction, map(_organization, first_rows.values()))
    receipts_of = (
        _receipts if existing or full or len(first_rows) < len(arrived) else _fresh_receipts
    )
    outcomes = [
        refusals.get(index)
        or BatchResult(
            receipts_of(submission, first_rows, existing),
            _newest(submission, received_at, as_of) if received_at else as_of,
        )
        for index, submission in enumerate(submissions)
    ]
    return _Stored(outcomes, users, touched, used_meters)


def _mark_used_meters(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    now: int,
) -> UsedMeters:
    """Store that own meters have events now; the transaction holds the ledgers of its events."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for submission in submissions:
        tenant = submission.scope.tenant_id
        if unused := directory_cache.unused_meters(transaction, tenant):
            used[tenant] |= {row.meter for row in submission.rows if row.meter in unused}
    return mark_used(transaction, used, now)


def _refuse_events(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    refusals: Mapping[int, TollbookError],
) -> None:
    """Reject the events that may not be stored, in submissions that are not refused."""
    for index, submission in enumerate(submissions):
        if index in refusals:
            continue
        if submission.refuses_new:
            submission.refuse_new(transaction, submissions[:index])
        if has_unaddressable(submission.rows):
            submission.refuse_unaddressable(transaction)
        if any(map(_code, submission.rows)):
            for room in directory_cache.rooms:
                submission.refuse_quarantined(transaction, room)


def _first_of_each(rows: Sequence[Staged]) -> dict[Identity, Staged]:
    """Return the first row of each identity, in order of arrival."""
    identities = list(map(_identity, rows))
    first_rows = dict(zip(identities, rows, strict=True))
    if len(first_rows) < len(rows):
        first_rows = {}
        for identity, row in zip(identities, rows, strict=True):
            first_rows.setdefault(identity, row)
    return first_rows


def _record_in_order(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    first_rows: dict[Identity, Staged],
    now: int,
) -> Recorded:
    """Store rows in order of arrival, where some charges depend on what their month has billed.

    Rows with such a charge replace the open ones.
    """
    charged: dict[int, Staged] = {}

    def charge(fresh: Sequence[Staged]) -> list[Staged]:
        months = Months(transaction)
        open_rows = _open_rows(transaction, directory_cache, submissions)
        for row in fresh:
            if row.tier_key is not None:
                charged[id(row)] = stage_row(*open_rows[id(row)], months=months)
        rows = [charged.get(id(row), row) for row in fresh]
        return [row for row in rows if row.code != SUM_OUT_OF_RANGE]

    found = ledger.record_in_order(transaction, list(first_rows.values()), now, charge)
    for identity, row in first_rows.items():
        first_rows[identity] = charged.get(id(row), row)
    for submission in submissions:
        submission.rows = [charged.get(id(row), row) for row in submission.rows]
    return found


def _open_rows(
    transaction: Transaction, directory_cache: DirectoryCache, submissions: Sequence[Submission]
) -> dict[int, tuple[NormalizedEvent, Terms, int]]:
    """Return the arguments of `stage_row` for each open row."""
    found: dict[int, tuple[NormalizedEvent, Terms, int]] = {}
    for submission in submissions:
        terms = directory_cache.terms(
            transaction, submission.scope.tenant_id, submission.organizations
        )
        # A submission whose key is revoked has events and no rows.
        for event, row in zip(submission.events, submission.rows, strict=False):
            if row.tier_key is not None:
                found[id(row)] = event, terms[event.event.organization_id], submission.now
    return found


def _renew(
    transaction: Transaction, directory_cache: DirectoryCache, submissions: Sequence[Submission]
) -> dict[int, TollbookError]:
    """Renew submissions of another state; return the refusals of those that cannot be."""
    refusals: dict[int, TollbookError] = {}
    for index, submission in enumerate(submissions):
        try:
            if submission.token != directory_cache.token(transaction, submission.scope.tenant_id):
                submission.renew(transaction, directory_cache)
        except (InvalidApiKey, DirectoryChanged) as refusal:
            submission.rows = []
            refusals[index] = refusal
    return refusals


def _receipts(
    submission: Submission,
    first_rows: dict[Identity, Staged],
    existing: dict[Identity, ExistingIdentity],
) -> list[Receipt]:
    receipts: list[Receipt] = []
    for event, row in zip(submission.events, submission.rows, strict=True):
        identity = _identity(row)
        held, first = existing.get(identity), first_rows[identity]
        if held is None and first.code == SUM_OUT_OF_RANGE:
            problem = Problem("quantity", first.code, first.reason)
            problems = rename_problems((problem,), event.origin)
            receipts.append(rejected(event.index, row.id, problems))
        elif held is None and first is row:
            receipts.append(_fresh(event.index, row))
        else:
            receipts.append(_known(event.index, row, held or first))
    return _with_rejections(submission, receipts)


def _fresh_receipts(submission: Submission, *_: object) -> list[Receipt]:
    """Return receipts when no identity of the transaction existed before or came twice."""
    receipts = [
        _fresh(event.index, row) if row.code else Receipt(event.index, Outcome.ACCEPTED, row.id)
        for event, row in zip(submission.events, submission.rows, strict=True)
    ]
    return _with_rejections(submission, receipts)


def _with_rejections(submission: Submission, receipts: list[Receipt]) -> list[Receipt]:
    if submission.rejections:
        receipts += submission.rejections
        receipts.sort(key=lambda receipt: receipt.index)
    return receipts


def _fresh(index: int, row: Staged) -> Receipt:
    if row.code:
        return quarantined(index, row.id, row.code, row.reason)
    return Receipt(index, Outcome.ACCEPTED, row.id)


def _known(index: int, row: Staged, held: ExistingIdentity | Staged) -> Receipt:
    """Return the receipt of an event whose id exists: a duplicate, or a conflict."""
    if held.fingerprint != row.fingerprint:
        return conflict(index, row.id)
    if held.day == 0:
        return _in_quarantine(index, row)
    return Receipt(index, Outcome.DUPLICATE, row.id)


def _in_quarantine(index: int, row: Staged) -> Receipt:
    """Return the receipt of an event that is in quarantine already.

    Its ways out are those of the reason that applies now; without one, a replay charges it.
    """
    ways = ways_out(row.code) if row.code else (WayOut.REPLAY, WayOut.DISCARD)
    status, code, reason = Outcome.QUARANTINED, "in_quarantine", ALREADY_IN_QUARANTINE
    return Receipt(index, status, row.id, code, reason, ways_out=ways)
