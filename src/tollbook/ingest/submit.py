"""Build submissions: the events of a request that its key may send, with their rows."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tollbook.domain.cloud_events import RESERVED_ID, RESERVED_PREFIX, is_reserved
from tollbook.domain.errors import DirectoryChanged, InvalidApiKey
from tollbook.domain.event_type_errors import MappedTypesChanged
from tollbook.domain.event_types import NO_EVENT_TYPES, EventTypes
from tollbook.domain.events import ONE, instant_of
from tollbook.domain.keys import ALL_EVENTS, EventRules, KeyScope
from tollbook.domain.periods import day_number
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusals, stage_rows
from tollbook.ingest.cloud_events import rename_problems
from tollbook.ingest.decode import Decoded, InvalidEvent
from tollbook.ingest.directory_cache import DirectoryCache, TermsById
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent, lacks_quantity
from tollbook.ingest.problems import quantity_missing
from tollbook.ingest.quarantine_room import QuarantineRoom, stored_identities
from tollbook.ingest.unaddressable import refusals_of_new, without_number
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.staging import Staged

_DAY = 24 * 3600 * 1_000_000
"""A day in microseconds."""


class SubmissionDraft(msgspec.Struct, frozen=True):
    """The allowed events of a request, and the receipts of rejected ones.

    `now` is the server's clock, in microseconds. With `lacks_quantities`, some events of measured
    meters have no quantity, and with `has_reserved_ids` some plain events have ids of CloudEvents:
    only those that are stored already are no error.
    """

    scope: KeyScope
    now: int
    events: list[NormalizedEvent]
    rejections: list[Receipt]
    organizations: frozenset[str]
    lacks_quantities: bool = False
    has_reserved_ids: bool = False
    mapped_types: EventTypes = NO_EVENT_TYPES
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
    lacks_quantities: bool = False
    has_reserved_ids: bool = False
    mapped_types: EventTypes = NO_EVENT_TYPES

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
        organizations = self.organizations
        terms = directory_cache.terms(snapshot, tenant, organizations)
        if len(terms) < len(organizations):
            raise DirectoryChanged  # one that only events named was deleted meanwhile
        self.rows = stage_rows(self.events, terms, self.now)
        self.token = directory_cache.token(snapshot, tenant)

    def require_mapped_types(self, snapshot: Snapshot, directory_cache: DirectoryCache) -> None:
        """Raise `MappedTypesChanged` when a type of these CloudEvents is no longer mapped so."""
        if self.mapped_types:
            current = directory_cache.event_types(snapshot, self.scope.tenant_id)
            if any(current.get(name) != meter for name, meter in self.mapped_types.items()):
                raise MappedTypesChanged

    def refuse_unaddressable(self, transaction: Transaction) -> None:
        """Reject the events that would create an id that no path can hold."""
        self._reject(refusals_of_new(transaction, self.events, self.rows))

    def refuse_incomplete(self, transaction: Transaction, earlier: Iterable["Submission"]) -> None:
        """Reject new events of measured meters without quantity, and with reserved ids.

        The events of earlier submissions are stored in the same transaction.
        """
        known = stored_identities(transaction, self.rows)
        known |= {(row.organization_id, row.id) for it in earlier for row in it.rows}
        receipts: list[Receipt | None] = []
        for event, row in zip(self.events, self.rows, strict=True):
            identity = row.organization_id, row.id
            refusal = None if identity in known else _incomplete(event)
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
    decoded: Sequence[Decoded], scope: KeyScope, now: int, rules: EventRules = ALL_EVENTS
) -> SubmissionDraft:
    """Separate the events that a sender with these rules may send from rejected ones."""
    lacks_quantities = has_reserved_ids = has_unknown_types = False
    mapped_types: dict[str, str] = {}
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
            if event.quantity is ONE and it.meter.measured:
                lacks_quantities = True
            if event.id[:3] == RESERVED_PREFIX:
                if it.origin is None:
                    has_reserved_ids = True
                elif it.origin.mapped_type is not None:
                    mapped_types[it.origin.mapped_type] = event.type
            if is_checked or it.time > latest or (states_cost and not may_state_costs):
                claimed = ClaimedIdentity(
                    id=event.id,
                    organization_id=event.organization_id,
                    user_id=event.user_id,
                    type=event.type,
                    time=it.time,
                    cost_field=_cost_field(it),
                )
                found = refusals(claimed, scope, now, rules)
                if problems := rename_problems(found, it.origin):
                    rejections.append(rejected(it.index, event.id, problems))
                    continue
            events.append(it)
        elif isinstance(it, InvalidEvent):
            if it.origin is not None and any(p.code == "unknown_type" for p in it.problems):
                has_unknown_types = True
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
        lacks_quantities=lacks_quantities,
        has_reserved_ids=has_reserved_ids,
        mapped_types=mapped_types,
        has_unknown_types=has_unknown_types,
    )


def _cost_field(normalized: NormalizedEvent) -> str:
    if normalized.cost is not None:
        return "cost"
    return "cost_pending" if normalized.event.cost_pending else ""


def complete(draft: SubmissionDraft) -> SubmissionDraft:
    """Return a draft of new events, without those of measured meters that have no quantity."""
    if not draft.lacks_quantities:
        return draft
    events: list[NormalizedEvent] = []
    rejections = draft.rejections[:]
    for event in draft.events:
        refusal = without_quantity(event)
        if refusal is None:
            events.append(event)
        else:
            rejections.append(refusal)
    return msgspec.structs.replace(draft, events=events, rejections=rejections)


def without_quantity(normalized: NormalizedEvent) -> Receipt | None:
    """Return the rejection of a new event that lacks the quantity of its measured meter."""
    event, meter = normalized.event, normalized.meter
    if not lacks_quantity(event, meter):
        return None
    problems = rename_problems((quantity_missing(meter),), normalized.origin)
    return rejected(normalized.index, event.id, problems)


def _incomplete(normalized: NormalizedEvent) -> Receipt | None:
    """Return the rejection of a new event that a stored event with its id would be spared."""
    if normalized.origin is None and is_reserved(normalized.event.id):
        return rejected(normalized.index, normalized.event.id, (RESERVED_ID,))
    return without_quantity(normalized)


def submission_of(
    draft: SubmissionDraft,
    terms: tuple[int, TermsById],
    key: KeyInUse | None = None,
    atomic: bool = False,
) -> Submission:
    """Build the rows by these terms."""
    token, by_id = terms
    is_of_one_state = key is None or key.token == token
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
        lacks_quantities=draft.lacks_quantities,
        has_reserved_ids=draft.has_reserved_ids,
        mapped_types=draft.mapped_types,
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
