"""Build submissions: the events of a request that its key may send, with their rows."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.cloud_events import RESERVED_ID, RESERVED_PREFIX, is_reserved
from tollbook.domain.errors import DirectoryChanged, InvalidApiKey
from tollbook.domain.event_type_errors import MappedTypesChanged
from tollbook.domain.events import ONE, instant_of
from tollbook.domain.keys import ALL_EVENTS, EventRules, KeyScope
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_number
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusals, stage_rows
from tollbook.ingest.cloud_events import rename_problems
from tollbook.ingest.decode import INVALID, Decoded, InvalidEvent, as_sent
from tollbook.ingest.directory_cache import DirectoryCache, TermsById
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent, lacks_quantity, normalize
from tollbook.ingest.problems import fields_of, meter_retired, problems_of, quantity_missing
from tollbook.ingest.quarantine_room import QuarantineRoom, stored_identities
from tollbook.ingest.unaddressable import refusals_of_new, without_number
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.staging import Staged

_DAY = 24 * 3600 * 1_000_000
"""A day in microseconds."""


class SubmissionDraft(msgspec.Struct, frozen=True):
    """The allowed events of a request, and the receipts of rejected ones.

    `now` is the server's clock, in microseconds. With `refuses_new`, some events are only accepted
    as stored already: their measured meter has no quantity, their meter is retired, or a plain id
    is reserved. `token` is
    the state of the directory whose own meters they were decoded with; None is any state. With
    `has_unknown_types`, the newest catalog may know a type that this one did not.
    """

    scope: KeyScope
    now: int
    events: list[NormalizedEvent]
    rejections: list[Receipt]
    organizations: frozenset[str]
    refuses_new: bool = False
    token: int | None = None
    has_unknown_types: bool = False


class Submission(msgspec.Struct):
    """The events of one request on their way through a commit.

    `key_prefix` is None on the command line. `rows` are built for the state of the directory that
    `token` names, None when they rely on several states. If the commit finds another state, it
    checks the key and builds the rows again. `now` is the server's clock when the request came, in
    microseconds.
    """

    scope: KeyScope
    key_prefix: str | None
    events: list[NormalizedEvent]
    rejections: list[Receipt]
    token: int | None
    rows: list[Staged]
    now: int
    atomic: bool = False
    refuses_new: bool = False

    @property
    def organizations(self) -> set[str]:
        """Return the ids of the organizations of the events."""
        return {it.event.organization_id for it in self.events}

    @property
    def size(self) -> int:
        """Return the number of events."""
        return len(self.events)

    def months(self) -> Iterator[int]:
        """Yield the months that the events may fall into, in any time zone."""
        return months_of([self])

    def renew(self, snapshot: Snapshot, directory_cache: DirectoryCache) -> None:
        """Check the key and build the rows by the terms of this snapshot."""
        if self.key_prefix is not None and directory_cache.key(snapshot, self.key_prefix) is None:
            raise InvalidApiKey
        tenant = self.scope.tenant_id
        self._follow(directory_cache.catalog(snapshot, tenant))
        organizations = self.organizations
        terms = directory_cache.terms(snapshot, tenant, organizations)
        if len(terms) < len(organizations):
            raise DirectoryChanged  # one that only events named was deleted meanwhile
        self.rows = stage_rows(self.events, terms, self.now)
        self.token = directory_cache.token(snapshot, tenant)

    def _follow(self, catalog: Catalog) -> None:
        """Normalize events again whose meter has changed since, and reject those not valid now."""
        events: list[NormalizedEvent] = []
        rejections: list[Receipt] = []
        for event in self.events:
            found = _by_catalog(event, catalog)
            if isinstance(found, Receipt):
                rejections.append(found)
            else:
                events.append(found)
        self.events = events
        self.rejections = [*self.rejections, *rejections]
        self.refuses_new = any(map(is_refused_as_new, events))

    def refuse_unaddressable(self, transaction: Transaction) -> None:
        """Reject the events that would create an id that no path can hold."""
        self._reject(refusals_of_new(transaction, self.events, self.rows))

    def refuse_new(self, transaction: Transaction, earlier: Iterable["Submission"]) -> None:
        """Reject new events of retired meters, and of measured ones without a quantity.

        The events of earlier submissions are stored in the same transaction.
        """
        known = stored_identities(transaction, self.rows)
        known |= {(row.organization_id, row.id) for it in earlier for row in it.rows}
        receipts: list[Receipt | None] = []
        for event, row in zip(self.events, self.rows, strict=True):
            identity = row.organization_id, row.id
            refusal = None if identity in known else refusal_of_new(event)
            receipts.append(refusal)
            if refusal is None:
                known.add(identity)
        self._reject(receipts)

    def refuse_quarantined(self, transaction: Transaction, room: QuarantineRoom) -> None:
        """Reject the events for which the quarantine has no room."""
        refused = room.refused(transaction, self.scope.tenant_id, self.rows)
        if refused:
            receipts: list[Receipt | None] = [None] * len(self.rows)
            for index in refused:
                event = self.events[index]
                receipts[index] = rejected(event.index, event.event.id, (room.problem(),))
            self._reject(receipts)

    def _reject(self, receipts: Sequence[Receipt | None]) -> None:
        """Take out the events that have a receipt here."""
        self.events = [it for it, refusal in zip(self.events, receipts, strict=True) if not refusal]
        self.rows = [it for it, refusal in zip(self.rows, receipts, strict=True) if not refusal]
        self.rejections = [*self.rejections, *filter(None, receipts)]


class KeyInUse(NamedTuple):
    """The key of a request, and the token of the directory's state that it was found in."""

    prefix: str
    token: int


def draft_of(
    decoded: Sequence[Decoded],
    scope: KeyScope,
    now: int,
    rules: EventRules = ALL_EVENTS,
    token: int | None = None,
) -> SubmissionDraft:
    """Separate the events that a sender with these rules may send from rejected ones.

    `token` is the state of the directory whose own meters they were decoded with.
    """
    refuses_new = has_unknown_types = False
    is_checked = scope.organization_id is not None or bool(rules.meters or rules.id_prefix)
    may_state_costs = rules.may_state_costs
    events: list[NormalizedEvent] = []
    rejections: list[Receipt] = []
    latest = now + FUTURE_ALLOWED
    for it in decoded:
        if isinstance(it, NormalizedEvent):
            event, states_cost = it.event, it.cost is not None
            if event.cost_pending:
                states_cost = True
            meter = it.meter
            if (event.quantity is ONE and meter.measured) or meter.retired_at is not None:
                refuses_new = True
            if event.id[:3] == RESERVED_PREFIX and it.origin is None:
                refuses_new = True
            if is_checked or it.time > latest or (states_cost and not may_state_costs):
                found = refusals(_claimed(it), scope, now, rules)
                if problems := rename_problems(found, it.origin):
                    rejections.append(rejected(it.index, event.id, problems))
                    continue
            events.append(it)
        elif isinstance(it, InvalidEvent):
            has_unknown_types |= it.claimed.type not in BY_TYPE
            # A field with a problem proves nothing about the key or the time.
            wrong = {problem.field for problem in it.problems}
            refused = rename_problems(refusals(it.claimed, scope, now, rules), it.origin)
            more = (problem for problem in refused if problem.field not in wrong)
            rejections.append(rejected(it.index, it.id, (*it.problems, *more)))
        else:
            rejections.append(it)
    organizations = frozenset(normalized.event.organization_id for normalized in events)
    return SubmissionDraft(
        scope=scope,
        now=now,
        events=events,
        rejections=rejections,
        organizations=organizations,
        refuses_new=refuses_new,
        token=token,
        has_unknown_types=has_unknown_types,
    )


def _claimed(normalized: NormalizedEvent) -> ClaimedIdentity:
    event = normalized.event
    return ClaimedIdentity(
        id=event.id,
        organization_id=event.organization_id,
        user_id=event.user_id,
        type=event.type,
        time=normalized.time,
        cost_field=_cost_field(normalized),
    )


def _cost_field(normalized: NormalizedEvent) -> str:
    if normalized.cost is not None:
        return "cost"
    return "cost_pending" if normalized.event.cost_pending else ""


def complete(draft: SubmissionDraft) -> SubmissionDraft:
    """Return a draft of new events, without those that are only accepted as stored already."""
    if not draft.refuses_new:
        return draft
    events: list[NormalizedEvent] = []
    rejections = draft.rejections[:]
    for event in draft.events:
        refusal = refusal_of_new(event)
        if refusal is None:
            events.append(event)
        else:
            rejections.append(refusal)
    return msgspec.structs.replace(draft, events=events, rejections=rejections)


def is_refused_as_new(normalized: NormalizedEvent) -> bool:
    """Return whether an event is only accepted when it is stored already."""
    meter = normalized.meter
    lacks = meter.is_retired or lacks_quantity(normalized.event, meter)
    return lacks or _has_reserved_id(normalized)


def refusal_of_new(normalized: NormalizedEvent) -> Receipt | None:
    """Return the rejection of a new event, if it is only accepted as stored already."""
    if not is_refused_as_new(normalized):
        return None
    meter = normalized.meter
    if _has_reserved_id(normalized):
        problem = RESERVED_ID
    else:
        problem = meter_retired(meter) if meter.is_retired else quantity_missing(meter)
    problems = rename_problems((problem,), normalized.origin)
    return rejected(normalized.index, normalized.event.id, problems)


def _has_reserved_id(normalized: NormalizedEvent) -> bool:
    """Return whether a plain event has an id that only CloudEvents may have."""
    return normalized.origin is None and is_reserved(normalized.event.id)


def _by_catalog(normalized: NormalizedEvent, catalog: Catalog) -> NormalizedEvent | Receipt:
    """Return an event by the meters of a catalog, or its rejection."""
    index, event, origin = normalized.index, normalized.event, normalized.origin
    name = origin.mapped_type if origin is not None else None
    if name is not None and catalog.event_types.get(name) != event.type:
        raise MappedTypesChanged
    if catalog.by_type.get(event.type) == normalized.meter:
        return normalized
    found = normalize(index, event, normalized.fingerprint, catalog.by_type)
    if found is not None:
        return msgspec.structs.replace(found, origin=origin)
    problems = problems_of(fields_of(as_sent(event)), catalog) or [INVALID]
    return rejected(index, event.id, rename_problems(problems, origin))


def submission_of(
    draft: SubmissionDraft,
    terms: tuple[int, TermsById],
    key: KeyInUse | None = None,
    atomic: bool = False,
) -> Submission:
    """Build the rows by these terms."""
    token, by_id = terms
    is_of_one_state = (key is None or key.token == token) and draft.token in (None, token)
    events, rejections = draft.events, draft.rejections
    if len(by_id) < len(draft.organizations):
        unknown = [it for it in events if it.event.organization_id not in by_id]
        events = [it for it in events if it.event.organization_id in by_id]
        rejections = [*rejections, *map(without_number, unknown)]
    return Submission(
        scope=draft.scope,
        key_prefix=key.prefix if key else None,
        events=events,
        rejections=rejections,
        token=token if is_of_one_state else None,
        rows=stage_rows(events, by_id, draft.now),
        now=draft.now,
        atomic=atomic,
        refuses_new=draft.refuses_new,
    )


def months_of(submissions: Iterable[Submission]) -> Iterator[int]:
    """Yield the months that events may fall into, wherever their organization's midnight is.

    Its time zone may change until the commit.
    """
    for day in {event.time // _DAY for it in submissions for event in it.events}:
        yield from _months_around(day)


def months_around_time(time: int) -> frozenset[int]:
    """Return the months that an instant in microseconds may fall into, in any time zone."""
    return _months_around(time // _DAY)


@lru_cache(4096)
def _months_around(day: int) -> frozenset[int]:
    """Return the months of a day, counted from 1970 in UTC, and of the days before and after."""
    return frozenset(day_number(instant_of(near * _DAY)) // 100 for near in (day - 1, day, day + 1))
