"""The corrections of one transaction, handled in order: whether each may be made."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tollbook.domain.catalog import Catalog
from tollbook.domain.cloud_events import RESERVED_ID, is_reserved
from tollbook.domain.corrections import Correction, fingerprint
from tollbook.domain.directory import UNADDRESSABLE, unaddressable
from tollbook.domain.errors import Problem
from tollbook.domain.events import Event
from tollbook.domain.receipts import Outcome, Receipt, conflict, rejected
from tollbook.ingest.accept import FUTURE_ALLOWED, refusals
from tollbook.ingest.accepted_corrections import AcceptedCorrections, CorrectionRefused
from tollbook.ingest.correction_state import UNKNOWN, CorrectionState, refusals_of_key
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.correction_targets import (
    EVERY_RIGHT,
    Rights,
    changes_nothing,
    corrected_event,
)
from tollbook.ingest.decode import as_sent
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.normalize import ClaimedIdentity, NormalizedEvent, normalize
from tollbook.ingest.problems import fields_of, meter_retired, problems_of
from tollbook.store import directory, ledger
from tollbook.store.database import Transaction

STORED = (Outcome.ACCEPTED, Outcome.QUARANTINED)
"""The outcomes of corrections that are stored."""
_INVALID = Problem("", "invalid_event", "the corrected event is not valid")
_NOTHING = Problem("", "nothing_changed", "the correction must change at least one value")


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
        self._state = CorrectionState()
        self.accepted = AcceptedCorrections(transaction, directory_cache, self._state)
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
    def new_meters(self) -> dict[str, set[int]]:
        """Return the codes of meters whose first events may be among the rows, by tenant."""
        tenants = {terms.number: tenant for (tenant, _), terms in self._terms.items()}
        found: defaultdict[str, set[int]] = defaultdict(set)
        for row in self.accepted.to_store.rows:
            found[tenants[row.organization_id]].add(row.meter)
        unused = self._directory_cache.unused_meters
        return {
            tenant: codes.intersection(unused(self._transaction, tenant))
            for tenant, codes in found.items()
        }

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
        except CorrectionRefused as refusal:
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
            raise CorrectionRefused(*refused)
        terms = self._terms_of(submission, correction)
        if terms is None:
            raise CorrectionRefused(UNKNOWN)
        number, print_ = terms.number, fingerprint(correction)
        problem = self._state.problem(number, correction, rights)
        # An event that the key may not see is unknown to it, whatever the ids name.
        if problem is UNKNOWN:
            raise CorrectionRefused(problem)
        held = self._state.keys.get((number, correction.id))
        if held is not None:
            if held.fingerprint != print_:
                return conflict(index, correction.id)
            reversal_id = self._state.reversal_ids.get((number, correction.id))
            return Receipt(index, Outcome.DUPLICATE, correction.id, reversal_id=reversal_id)
        if problem is not None:
            raise CorrectionRefused(problem)
        if is_reserved(correction.id):
            raise CorrectionRefused(RESERVED_ID)
        target = self._state.target((number, correction.corrects))
        assert target is not None  # noqa: S101  `problem` has looked at it
        if changes_nothing(correction, target, terms):
            raise CorrectionRefused(_NOTHING)
        sent = corrected_event(correction, target)
        event = normalize(index, sent, print_, terms.catalog.by_type)
        if event is None:
            raise CorrectionRefused(*_problems(sent, terms.catalog))
        if event.meter.is_retired and sent.type != target.event.type:
            raise CorrectionRefused(meter_retired(event.meter))
        self._check(submission, terms, rights, event)
        return self.accepted.replace(submission, correction, target, terms, event)

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
            raise CorrectionRefused(unaddressable("id"))
        user = sent.user_id
        if rights is not EVERY_RIGHT or event.time > now + FUTURE_ALLOWED:
            claimed = ClaimedIdentity(sent.id, sent.organization_id, user, sent.type, event.time)
            if found := tuple(refusals(claimed, submission.scope, now, rights.rules)):
                raise CorrectionRefused(*found)
        if user in UNADDRESSABLE and not directory.find_user(self._transaction, terms.number, user):
            raise CorrectionRefused(unaddressable("user_id"))


def _problems(event: Event, catalog: Catalog) -> list[Problem]:
    """Return the problems of an event that is not valid."""
    fields = fields_of(as_sent(event))
    return problems_of(fields, catalog) or [_INVALID]
