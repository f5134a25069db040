"""The corrections of one transaction: what each replaces, and what is stored for it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tollbook.domain.catalog import Catalog
from tollbook.domain.charges import Unpriced
from tollbook.domain.cloud_events import RESERVED_ID, is_reserved
from tollbook.domain.corrections import Correction, fingerprint
from tollbook.domain.directory import UNADDRESSABLE, unaddressable
from tollbook.domain.errors import Problem
from tollbook.domain.events import Event
from tollbook.domain.quarantine import PENDING
from tollbook.domain.receipts import Outcome, Receipt, conflict, quarantined, rejected
from tollbook.domain.reversals import Reversal
from tollbook.domain.reversals import fingerprint as fingerprint_of_reversal
from tollbook.ingest.accept import FUTURE_ALLOWED, SUM_OUT_OF_RANGE, refusals, stage_row
from tollbook.ingest.correction_state import UNKNOWN, CorrectionState, refusals_of_key
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.correction_targets import (
    EVERY_RIGHT,
    Rights,
    Target,
    changes_nothing,
    corrected_event,
)
from tollbook.ingest.decode import as_sent
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent, normalize
from tollbook.ingest.problems import fields_of, meter_retired, problems_of
from tollbook.ingest.reversal_rows import Opposites
from tollbook.store import directory, ledger
from tollbook.store.corrections import Accepted
from tollbook.store.database import Transaction
from tollbook.store.events import Corrected, Reversed
from tollbook.store.quarantine_counts import OfCode
from tollbook.store.staging import Staged

STORED = (Outcome.ACCEPTED, Outcome.QUARANTINED)
"""The outcomes of corrections that are stored."""
_INVALID = Problem("", "invalid_event", "the corrected event is not valid")
_NOTHING = Problem("", "nothing_changed", "the correction must change at least one value")
_ALREADY_CHARGED = Problem(
    "cost_pending", "already_charged", "a charged event cannot wait for its price again"
)
_REVERSAL_ID_TAKEN = Problem(
    "id", "reversal_id_taken", "another event has the id of the reversal; choose another id"
)


class _Refused(Exception):
    """Ends a correction with the receipt that states why it is refused."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


class CorrectionBatch:
    """The corrections of a transaction, which holds the ledgers of their organizations.

    They are handled in order: each may correct what one before it has made. With `are_ids_free`,
    their ids count as free as long as all are accepted, and storing them proves it.
    """

    def __init__(
        self,
        transaction: Transaction,
        directory_cache: DirectoryCache,
        submissions: Sequence[CorrectionSubmission],
        *,
        are_ids_free: bool = False,
    ) -> None:
        self._transaction = transaction
        self._directory_cache = directory_cache
        self._months = Months(transaction)
        self._opposites: dict[str, Opposites] = {}
        self._state = CorrectionState()
        self._rows: list[Staged] = []
        self._reversal_rows: list[Staged] = []
        self._reversals: list[Reversed] = []
        self._corrections: list[Corrected] = []
        self._moved: dict[int, list[str]] = defaultdict(list)
        self._left: list[OfCode] = []
        self._terms = self._read_terms(submissions)
        self._requested: dict[int, list[Correction]] = defaultdict(list)
        self._catalogs: dict[int, Catalog] = {}
        for submission in submissions:
            for _, correction in submission.corrections:
                terms = self._terms_of(submission, correction)
                if terms is not None:
                    self._requested[terms.number].append(correction)
                    self._catalogs[terms.number] = terms.catalog
        ledger.hold_ledgers(transaction, self._requested)
        for number, some in self._requested.items():
            self._state.read(transaction, number, some, self._catalogs[number])
        self._knows_taken = False
        if not are_ids_free:
            self._read_taken()

    @property
    def accepted(self) -> Accepted:
        """Return what is to be stored."""
        return Accepted(
            rows=self._rows,
            reversal_rows=self._reversal_rows,
            reversals=self._reversals,
            corrections=self._corrections,
            moved=self._moved,
            left=self._left,
        )

    @property
    def new_meters(self) -> dict[str, set[int]]:
        """Return the codes of meters whose first events may be among the rows, by tenant."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for (tenant, _), terms in self._terms.items():
            unused = self._directory_cache.unused_meters(self._transaction, tenant)
            codes = {it.meter for it in self._rows if it.organization_id == terms.number}
            found[tenant] |= codes.intersection(unused)
        return found

    @property
    def months(self) -> set[int]:
        """Return the months of the events to store."""
        return {row.day // 100 for row in self._rows if row.day}

    def number(self, submission: CorrectionSubmission, organization_id: str) -> int:
        """Return the number of an organization that has corrected events."""
        return self._terms[submission.scope.tenant_id, organization_id].number

    def numbers(self, submission: CorrectionSubmission) -> set[int]:
        """Return the numbers of a submission's organizations."""
        found = (self._terms_of(submission, it) for _, it in submission.corrections)
        return {terms.number for terms in found if terms is not None}

    def receipt(
        self,
        submission: CorrectionSubmission,
        index: int,
        correction: Correction,
        rights: Rights,
    ) -> Receipt:
        """Return the receipt of a correction, and keep what is to be stored for it."""
        try:
            found = self._receipt(submission, index, correction, rights)
        except _Refused as refusal:
            found = rejected(index, correction.id, refusal.problems)
        if self._knows_taken or found.status in STORED:
            return found
        # The id may be taken after all, which decides before any other reason.
        self._read_taken()
        return self.receipt(submission, index, correction, rights)

    def _read_taken(self) -> None:
        for number, some in self._requested.items():
            self._state.read_taken(self._transaction, number, some)
        self._knows_taken = True

    def _read_terms(
        self, submissions: Iterable[CorrectionSubmission]
    ) -> dict[tuple[str, str], Terms]:
        names: dict[str, set[str]] = defaultdict(set)
        for submission in submissions:
            names[submission.scope.tenant_id] |= {
                it.organization_id for _, it in submission.corrections
            }
        return {
            (tenant, name): terms
            for tenant, some in names.items()
            for name, terms in self._directory_cache.terms(self._transaction, tenant, some).items()
        }

    def _terms_of(self, submission: CorrectionSubmission, correction: Correction) -> Terms | None:
        return self._terms.get((submission.scope.tenant_id, correction.organization_id))

    def _receipt(
        self,
        submission: CorrectionSubmission,
        index: int,
        correction: Correction,
        rights: Rights,
    ) -> Receipt:
        if refused := refusals_of_key(correction, rights):
            raise _Refused(*refused)
        terms = self._terms_of(submission, correction)
        if terms is None:
            raise _Refused(UNKNOWN)
        number, print_ = terms.number, fingerprint(correction)
        problem = self._state.problem(number, correction, rights)
        # An event that the key may not see is unknown to it, whatever the ids name.
        if problem is UNKNOWN:
            raise _Refused(problem)
        held = self._state.keys.get((number, correction.id))
        if held is not None:
            if held.fingerprint != print_:
                return conflict(index, correction.id)
            reversal_id = self._state.reversal_ids.get((number, correction.id))
            return Receipt(index, Outcome.DUPLICATE, correction.id, reversal_id=reversal_id)
        if problem is not None:
            raise _Refused(problem)
        if is_reserved(correction.id):
            raise _Refused(RESERVED_ID)
        target = self._state.target((number, correction.corrects))
        assert target is not None  # noqa: S101  `problem` has looked at it
        if changes_nothing(correction, target, terms):
            raise _Refused(_NOTHING)
        sent = corrected_event(correction, target)
        event = normalize(index, sent, print_, terms.catalog.by_type)
        if event is None:
            raise _Refused(*_problems(sent, terms.catalog))
        if event.meter.is_retired and sent.type != target.event.type:
            raise _Refused(meter_retired(event.meter))
        self._check(submission, terms, rights, event)
        if target.charged is None:
            return self._replace_waiting(submission, correction, target, terms, event)
        return self._replace_charged(submission, correction, target, terms, event)

    def _check(
        self,
        submission: CorrectionSubmission,
        terms: Terms,
        rights: Rights,
        event: NormalizedEvent,
    ) -> None:
        """Refuse an event that the key may not send, or that creates an id of no path."""
        sent, now = event.event, submission.actor.at
        if sent.id in UNADDRESSABLE:
            raise _Refused(unaddressable("id"))
        user = sent.user_id
        if rights is not EVERY_RIGHT or event.time > now + FUTURE_ALLOWED:
            claimed = ClaimedIdentity(sent.id, sent.organization_id, user, sent.type, event.time)
            if found := tuple(refusals(claimed, submission.scope, now, rights.rules)):
                raise _Refused(*found)
        if user in UNADDRESSABLE and not directory.find_user(self._transaction, terms.number, user):
            raise _Refused(unaddressable("user_id"))

    def _replace_waiting(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        terms: Terms,
        event: NormalizedEvent,
    ) -> Receipt:
        """Replace an event in quarantine; return the receipt of the event that replaces it."""
        row = stage_row(event, terms, submission.actor.at, self._months)
        if row.code == SUM_OUT_OF_RANGE:
            raise _Refused(Problem("quantity", row.code, row.reason))
        if row.code:
            self._require_room(submission, target, row)
        self._moved[terms.number].append(correction.corrects)
        self._left.append((terms.number, target.code))
        self._accept(submission, correction, target, row)
        if row.code:
            return quarantined(event.index, row.id, row.code, row.reason)
        return Receipt(event.index, Outcome.ACCEPTED, row.id)

    def _require_room(self, submission: CorrectionSubmission, target: Target, row: Staged) -> None:
        """Refuse an event that moves between the two limits of the quarantine, if one is full."""
        if (target.code == PENDING) == (row.code == PENDING):
            return
        for room in self._directory_cache.rooms:
            if room.refused(self._transaction, submission.scope.tenant_id, [row]):
                raise _Refused(room.problem())

    def _replace_charged(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        terms: Terms,
        event: NormalizedEvent,
    ) -> Receipt:
        """Reverse a charged event and charge the one that replaces it, or refuse both."""
        original = target.charged
        assert original is not None  # noqa: S101  the caller has checked this
        number, reversal_id = terms.number, correction.reversal_id
        if event.event.cost_pending:
            raise _Refused(_ALREADY_CHARGED)
        if (number, reversal_id) in self._state.keys:
            raise _Refused(_REVERSAL_ID_TAKEN)
        names = (reversal_id, correction.organization_id, correction.corrects, correction.reason)
        print_ = fingerprint_of_reversal(Reversal(*names))
        opposites = self._opposites_of(submission.scope.tenant_id)
        reversal = opposites.row(original, reversal_id, print_)
        if isinstance(reversal, Unpriced):
            raise _Refused(Problem("corrects", reversal.code, reversal.reason))
        row = stage_row(event, terms, submission.actor.at, self._months)
        if row.code:
            opposites.undo(original)
            raise _Refused(Problem("", row.code, row.reason))
        made = (number, correction.corrects, reversal_id, correction.reason)
        self._reversal_rows.append(reversal)
        self._reversals.append(Reversed(*made, _prefix(submission), 0))
        self._accept(submission, correction, target, row, reversal_id)
        return Receipt(event.index, Outcome.ACCEPTED, row.id, reversal_id=reversal_id)

    def _opposites_of(self, tenant: str) -> Opposites:
        if tenant not in self._opposites:
            self._opposites[tenant] = Opposites(self._transaction, tenant, self._months)
        return self._opposites[tenant]

    def _accept(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        row: Staged,
        reversal_id: str | None = None,
    ) -> None:
        record = Corrected(
            row.organization_id,
            correction.corrects,
            correction.id,
            reversal_id,
            correction.reason,
            target.event.user_id or "",
            row.user_id,
            _prefix(submission),
            0,
        )
        self._rows.append(row)
        self._corrections.append(record)
        self._state.add(record, row)


def _problems(event: Event, catalog: Catalog) -> list[Problem]:
    """Return the problems of an event that is not valid."""
    fields = fields_of(as_sent(event))
    return problems_of(fields, catalog) or [_INVALID]


def _prefix(submission: CorrectionSubmission) -> str | None:
    return None if submission.key is None else submission.key.prefix
