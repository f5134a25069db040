"""What is stored for the corrections of a transaction: rows, reversals and records."""

from collections import defaultdict

from tollbook.domain.charges import Unpriced
from tollbook.domain.corrections import Correction
from tollbook.domain.errors import Problem
from tollbook.domain.quarantine import PENDING
from tollbook.domain.receipts import Outcome, Receipt, quarantined
from tollbook.domain.reversals import Reversal, fingerprint
from tollbook.ingest.accept import SUM_OUT_OF_RANGE, stage_row
from tollbook.ingest.correction_state import CorrectionState
from tollbook.ingest.correction_submission import CorrectionSubmission
from tollbook.ingest.correction_targets import Target
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.reversal_rows import Opposites
from tollbook.store.corrections import Accepted, Replacement
from tollbook.store.database import Transaction
from tollbook.store.events import Corrected, Reversed, Stored
from tollbook.store.quarantine_counts import OfCode
from tollbook.store.staging import Staged

_record = tuple.__new__
"""Building a record from its values takes a third of the time of calling its type."""
_ALREADY_CHARGED = Problem(
    "cost_pending", "already_charged", "a charged event cannot wait for its price again"
)
_REVERSAL_ID_TAKEN = Problem(
    "id", "reversal_id_taken", "another event has the id of the reversal; choose another id"
)


class CorrectionRefused(Exception):
    """Ends a correction with the reasons why it is refused."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


class AcceptedCorrections:
    """The rows of events that replace others, in the order in which they were accepted.

    The transaction holds the ledgers of their organizations.
    """

    def __init__(
        self, transaction: Transaction, directory_cache: DirectoryCache, state: CorrectionState
    ) -> None:
        self._transaction = transaction
        self._directory_cache = directory_cache
        self._state = state
        self._months = Months(transaction)
        self._opposites: dict[str, Opposites] = {}
        self._rows: list[Staged] = []
        self._reversal_rows: list[Staged] = []
        self._reversals: list[Reversed] = []
        self._corrections: list[Replacement] = []
        self._moved: dict[int, list[str]] = defaultdict(list)
        self._left: list[OfCode] = []

    @property
    def to_store(self) -> Accepted:
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
    def months(self) -> set[int]:
        """Return the months of the events to store."""
        return {row.day // 100 for row in self._rows if row.day}

    def replace(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        terms: Terms,
        event: NormalizedEvent,
    ) -> Receipt:
        """Replace a target by an event; return the receipt, or raise `CorrectionRefused`."""
        if target.charged is None:
            return self._replace_waiting(submission, correction, target, terms, event)
        return self._replace_charged(submission, correction, target, target.charged, terms, event)

    def _replace_waiting(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        terms: Terms,
        event: NormalizedEvent,
    ) -> Receipt:
        """Replace an event in quarantine, where the event that replaces it may have to wait too."""
        row = stage_row(event, terms, submission.actor.at, self._months)
        code = row.code
        if code == SUM_OUT_OF_RANGE:
            raise CorrectionRefused(Problem("quantity", code, row.reason))
        if code:
            self._require_room(submission, target, row)
        self._moved[terms.number].append(correction.corrects)
        self._left.append((terms.number, target.code))
        self._accept(submission, correction, target, row)
        if code:
            return quarantined(event.index, row.id, code, row.reason)
        return Receipt(event.index, Outcome.ACCEPTED, row.id)

    def _require_room(self, submission: CorrectionSubmission, target: Target, row: Staged) -> None:
        """Refuse an event that moves between the two limits of the quarantine, if one is full."""
        if (target.code == PENDING) == (row.code == PENDING):
            return
        for room in self._directory_cache.rooms:
            if room.refused(self._transaction, submission.scope.tenant_id, [row]):
                raise CorrectionRefused(room.problem())

    def _replace_charged(
        self,
        submission: CorrectionSubmission,
        correction: Correction,
        target: Target,
        original: Stored,
        terms: Terms,
        event: NormalizedEvent,
    ) -> Receipt:
        """Reverse a charged event and charge the one that replaces it, or refuse both."""
        number, reversal_id = terms.number, correction.reversal_id
        if event.event.cost_pending:
            raise CorrectionRefused(_ALREADY_CHARGED)
        if (number, reversal_id) in self._state.keys:
            raise CorrectionRefused(_REVERSAL_ID_TAKEN)
        names = (reversal_id, correction.organization_id, correction.corrects, correction.reason)
        opposites = self._opposites_of(submission.scope.tenant_id)
        reversal = opposites.row(original, reversal_id, fingerprint(Reversal(*names)))
        if isinstance(reversal, Unpriced):
            raise CorrectionRefused(Problem("corrects", reversal.code, reversal.reason))
        row = stage_row(event, terms, submission.actor.at, self._months)
        if row.code:
            opposites.undo(original)
            raise CorrectionRefused(Problem("", row.code, row.reason))
        made = (number, correction.corrects, reversal_id, correction.reason)
        self._reversal_rows.append(reversal)
        self._reversals.append(Reversed(*made, submission.key_prefix, 0))
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
        record = _record(
            Corrected,
            (
                row.organization_id,
                correction.corrects,
                correction.id,
                reversal_id,
                correction.reason,
                target.event.user_id or "",
                row.user_id,
                submission.key_prefix,
                0,
            ),
        )
        self._rows.append(row)
        self._corrections.append((record, target.waiting))
        self._state.add(record, row)
