"""One transaction for many submissions: claim, store, and tell each event what became of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import msgspec

from tollbook.domain.errors import InvalidApiKey, Problem, RequestError
from tollbook.domain.events import instant_of
from tollbook.domain.keys import KeyScope
from tollbook.domain.periods import day_number
from tollbook.domain.receipts import NOT_STORED, Outcome, Receipt, conflict, rejected
from tollbook.ingest.accept import SUM_OUT_OF_RANGE, staged, staged_all
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.known_users import User
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.unaddressable import has_unaddressable, refusals_of_new
from tollbook.store import ledger, versions
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.ledger import Recorded, Touched
from tollbook.store.staging import ExistingIdentity, Staged

Identity = tuple[int, str]
_organization = itemgetter(Staged._fields.index("organization_id"))
_tier_key = itemgetter(Staged._fields.index("tier_key"))
_identity = itemgetter(*map(Staged._fields.index, ("organization_id", "id")))
_user = itemgetter(*map(Staged._fields.index, ("organization_id", "user_id")))

_DAY = 24 * 3600 * 1_000_000
"""A day in microseconds."""

ALREADY_IN_QUARANTINE = "this event is in quarantine from an earlier request"


class Submission(msgspec.Struct):
    """The events of one request on their way through a commit.

    `key_prefix` is None for whoever needs no key. `rows` are prepared for the state of the
    directory that `token` names, None when they rely on several. In another state at the time of
    the commit, the key is looked at again and the rows are made again. `now` is the server's clock
    when the request came, in microseconds.
    """

    scope: KeyScope
    key_prefix: str | None
    facts: list[NormalizedEvent]
    rejections: list[Receipt]
    token: int | None
    rows: list[Staged]
    now: int
    atomic: bool = False

    @property
    def organizations(self) -> set[str]:
        """Name the organizations of the events."""
        return {fact.event.organization_id for fact in self.facts}

    def renew(self, snapshot: Snapshot, directory_cache: DirectoryCache) -> None:
        """Make sure of the key and make the rows by the terms of this snapshot."""
        if self.key_prefix is not None and directory_cache.key(snapshot, self.key_prefix) is None:
            raise InvalidApiKey
        terms = directory_cache.terms(snapshot, self.scope.tenant_id, self.organizations)
        self.rows = staged_all(self.facts, terms, self.now)
        self.token = snapshot.directory_token

    def refuse_unaddressable(self, transaction: Transaction) -> None:
        """Reject the events that would make an id new that no path can hold."""
        found = refusals_of_new(transaction, self.facts, self.rows)
        self.facts = [it for it, refusal in zip(self.facts, found, strict=True) if not refusal]
        self.rows = [it for it, refusal in zip(self.rows, found, strict=True) if not refusal]
        self.rejections = [*self.rejections, *filter(None, found)]


class BatchResult(msgspec.Struct, frozen=True):
    """The receipts of a submission, in order, and the instant of the commit.

    Whoever asks for a state not older than `as_of` finds in it all that was accepted, also before:
    when nothing was stored, it is that of the newest commit to the organizations named. `refused`
    when the submission was atomic and nothing was kept.
    """

    receipts: list[Receipt]
    as_of: int
    refused: bool = False


class _RollBack(Exception):
    """Leaves the transaction of an atomic submission without a trace."""

    def __init__(self, causes: list[Receipt]) -> None:
        super().__init__()
        self.causes = causes


def commit(
    database: Database, directory_cache: DirectoryCache, submissions: Sequence[Submission], now: int
) -> list[BatchResult | RequestError]:
    """Store submissions in one durable transaction. An atomic one must come alone."""
    if submissions[0].atomic:
        return [_commit_atomic(database, directory_cache, submissions[0], now)]
    stored = database.write_events(
        lambda: months_of(submissions),
        lambda transaction: _store(transaction, directory_cache, submissions, now),
    )
    if stored.touched:
        directory_cache.users.remember(stored.users, stored.touched.token, stored.touched.replaced)
    return stored.outcomes


def _commit_atomic(
    database: Database, directory_cache: DirectoryCache, submission: Submission, now: int
) -> BatchResult | RequestError:
    if submission.rejections:
        database.require_clock()  # a wrong one rejects what is right
        return _refused(database, submission, submission.rejections, now)

    def store(transaction: Transaction) -> BatchResult | RequestError:
        settled = _store(transaction, directory_cache, [submission], now).outcomes[0]
        if isinstance(settled, BatchResult):
            causes = [receipt for receipt in settled.receipts if receipt.code]
            if causes:
                raise _RollBack(causes)
        return settled

    try:
        return database.write_events(lambda: months_of([submission]), store)
    except _RollBack as refusal:
        return _refused(database, submission, refusal.causes, now)


def _refused(
    database: Database, submission: Submission, causes: Iterable[Receipt], now: int
) -> BatchResult:
    """Give the causes of a refusal their own words and every other event the same."""
    with database.reading() as snapshot:
        received_at = versions.received_at(snapshot, map(_organization, submission.rows))
    receipts = {
        fact.index: rejected(fact.index, fact.event.id, (NOT_STORED,)) for fact in submission.facts
    }
    for cause in causes:
        quarantined = cause.status is Outcome.QUARANTINED
        status = Outcome.REJECTED if quarantined else cause.status
        receipts[cause.index] = msgspec.structs.replace(cause, status=status)
    as_of = _newest(submission, received_at, now)
    return BatchResult([receipts[index] for index in sorted(receipts)], as_of, refused=True)


def _newest(submission: Submission, received_at: Mapping[int, int], now: int) -> int:
    """Return when the last events of a submission's organizations came; now if none ever did."""
    return max((received_at[row.organization_id] for row in submission.rows), default=0) or now


def months_of(submissions: Iterable[Submission]) -> Iterator[int]:
    """Yield the months that events may fall into, wherever their organization's midnight is.

    Its time zone may change until the commit.
    """
    for day in {fact.time // _DAY for it in submissions for fact in it.facts}:
        yield from _months_around(day)


@lru_cache(4096)
def _months_around(day: int) -> frozenset[int]:
    """Name the months of a day, counted from 1970 in UTC, and of the days before and after."""
    return frozenset(day_number(instant_of(near * _DAY)) // 100 for near in (day - 1, day, day + 1))


class _Stored(NamedTuple):
    """What a transaction did: an outcome for each submission, and whom the directory has now."""

    outcomes: list[BatchResult | RequestError]
    users: set[User]
    touched: Touched | None


def _store(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    now: int,
) -> _Stored:
    refusals = _renew(transaction, directory_cache, submissions)
    for submission in submissions:
        if has_unaddressable(submission.rows):
            submission.refuse_unaddressable(transaction)
    arrived = [row for submission in submissions for row in submission.rows]
    firsts = _firsts(arrived)
    standing: dict[Identity, ExistingIdentity] = {}
    users: set[User] = set()
    as_of, touched, full = now, None, False

    def new_users(touched: Touched) -> bool:
        """Find users to add; whoever is named only by an event in quarantine is not created."""
        nonlocal users
        users = directory_cache.users.unknown(map(_user, rows), touched.replaced)
        if users:
            stored = (_user(row) for row in rows if not row.code)
            users = directory_cache.users.unknown(stored, touched.replaced)
        return bool(users)

    if firsts:
        rows = list(firsts.values())
        if any(map(_tier_key, rows)):
            recorded = _record_in_order(transaction, directory_cache, submissions, firsts, now)
            full = any(row.code == SUM_OUT_OF_RANGE for row in firsts.values())
        else:
            recorded = ledger.record(transaction, rows, now, new_users)
        found, as_of, touched = recorded
        standing = {(it.organization_id, it.id): it for it in found}
        if standing:  # whoever is named only by an event that was not stored is not there
            users = set()
    received_at: dict[int, int] = {}
    if firsts and touched is None:  # nothing was stored
        received_at = versions.received_at(transaction, map(_organization, firsts.values()))
    settle = _settle if standing or full or len(firsts) < len(arrived) else _settle_fresh
    outcomes = [
        refusals.get(index)
        or BatchResult(
            settle(submission, firsts, standing),
            _newest(submission, received_at, as_of) if received_at else as_of,
        )
        for index, submission in enumerate(submissions)
    ]
    return _Stored(outcomes, users, touched)


def _firsts(rows: Sequence[Staged]) -> dict[Identity, Staged]:
    """Give the first row of each identity, in order of arrival."""
    identities = list(map(_identity, rows))
    firsts = dict(zip(identities, rows, strict=True))
    if len(firsts) < len(rows):
        firsts = {}
        for identity, row in zip(identities, rows, strict=True):
            firsts.setdefault(identity, row)
    return firsts


def _record_in_order(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    submissions: Sequence[Submission],
    firsts: dict[Identity, Staged],
    now: int,
) -> Recorded:
    """Store rows of which some are charged by where their month stands, in order of arrival.

    The rows with their charges take the place of those without.
    """
    charged: dict[int, Staged] = {}

    def charge(fresh: Sequence[Staged]) -> list[Staged]:
        months = Months(transaction)
        open_rows = _open_rows(transaction, directory_cache, submissions)
        for row in fresh:
            if row.tier_key is not None:
                charged[id(row)] = staged(*open_rows[id(row)], months=months)
        rows = [charged.get(id(row), row) for row in fresh]
        return [row for row in rows if row.code != SUM_OUT_OF_RANGE]

    found = ledger.record_in_order(transaction, list(firsts.values()), now, charge)
    for identity, row in firsts.items():
        firsts[identity] = charged.get(id(row), row)
    for submission in submissions:
        submission.rows = [charged.get(id(row), row) for row in submission.rows]
    return found


def _open_rows(
    transaction: Transaction, directory_cache: DirectoryCache, submissions: Sequence[Submission]
) -> dict[int, tuple[NormalizedEvent, Terms, int]]:
    """Give what all rows that wait for where their month stands are made of."""
    found: dict[int, tuple[NormalizedEvent, Terms, int]] = {}
    for submission in submissions:
        terms = directory_cache.terms(
            transaction, submission.scope.tenant_id, submission.organizations
        )
        # A submission whose key is gone has facts and no rows.
        for fact, row in zip(submission.facts, submission.rows, strict=False):
            if row.tier_key is not None:
                found[id(row)] = fact, terms[fact.event.organization_id], submission.now
    return found


def _renew(
    transaction: Transaction, directory_cache: DirectoryCache, submissions: Sequence[Submission]
) -> dict[int, RequestError]:
    """Renew what was prepared in another state; return those whose key is gone by now."""
    refusals: dict[int, RequestError] = {}
    for index, submission in enumerate(submissions):
        if submission.token == transaction.directory_token:
            continue
        try:
            submission.renew(transaction, directory_cache)
        except InvalidApiKey as refusal:
            submission.rows = []
            refusals[index] = refusal
    return refusals


def _settle(
    submission: Submission,
    firsts: dict[Identity, Staged],
    standing: dict[Identity, ExistingIdentity],
) -> list[Receipt]:
    receipts: list[Receipt] = []
    for fact, row in zip(submission.facts, submission.rows, strict=True):
        identity = _identity(row)
        held, first = standing.get(identity), firsts[identity]
        if held is None and first.code == SUM_OUT_OF_RANGE:
            problem = Problem("quantity", first.code, first.reason)
            receipts.append(rejected(fact.index, row.id, (problem,)))
        elif held is None and first is row:
            receipts.append(_fresh(fact.index, row))
        else:
            receipts.append(_known(fact.index, row, held or first))
    return _settled(submission, receipts)


def _settle_fresh(submission: Submission, *_: object) -> list[Receipt]:
    """Settle when no identity of the whole transaction stood before or came twice."""
    receipts = [
        _fresh(fact.index, row) if row.code else Receipt(fact.index, Outcome.ACCEPTED, row.id)
        for fact, row in zip(submission.facts, submission.rows, strict=True)
    ]
    return _settled(submission, receipts)


def _settled(submission: Submission, receipts: list[Receipt]) -> list[Receipt]:
    if submission.rejections:
        receipts += submission.rejections
        receipts.sort(key=lambda receipt: receipt.index)
    return receipts


def _fresh(index: int, row: Staged) -> Receipt:
    if row.code:
        return Receipt(index, Outcome.QUARANTINED, row.id, row.code, row.reason)
    return Receipt(index, Outcome.ACCEPTED, row.id)


def _known(index: int, row: Staged, held: ExistingIdentity | Staged) -> Receipt:
    """Tell an event whose id stands already: the same again, or another under its name."""
    if held.fingerprint != row.fingerprint:
        return conflict(index, row.id)
    if held.day == 0:
        return Receipt(index, Outcome.QUARANTINED, row.id, "in_quarantine", ALREADY_IN_QUARANTINE)
    return Receipt(index, Outcome.DUPLICATE, row.id)
