"""What became of the events that corrections name, before a transaction and during it."""

from collections.abc import Sequence

from tollbook.domain.catalog import Catalog
from tollbook.domain.corrections import Correction
from tollbook.domain.errors import Problem
from tollbook.domain.keys import Permission, permission_problem
from tollbook.domain.periods import month_text
from tollbook.ingest.correction_targets import (
    EVERY_RIGHT,
    Rights,
    Target,
    charged_target,
    target_of,
    waiting_target,
)
from tollbook.store import corrections, events
from tollbook.store.database import Transaction
from tollbook.store.events import CORRECTED, DISCARDED, IN_QUARANTINE, Corrected, Key
from tollbook.store.staging import Staged

Identity = tuple[int, str]
"""The number of an organization and the id of an event."""

UNKNOWN = Problem("corrects", "unknown_event", "no event of this organization has this id")
_DISCARDED = Problem(
    "corrects", "event_discarded", "the event was discarded from quarantine: send a new event"
)
_IS_REVERSAL = Problem("corrects", "is_a_reversal", "a reversal cannot be corrected")
_NOT_PERMITTED = permission_problem("corrects", Permission.REVERSE_EVENTS)
_NOT_FOR_THIS_KEY = Problem(
    "organization_id", "not_for_this_key", "this key is bound to another organization"
)
_WAITS = Key(0, IN_QUARANTINE)
"""Of an event in quarantine until `read_taken`: its fingerprint is not known."""
_WAS_CORRECTED = Key(0, CORRECTED)
_key = tuple.__new__
"""Building a key from its values takes a third of the time of calling its type."""
_COST_FIELDS = ("cost", "cost_pending")


class CorrectionState:
    """The identities that corrections name, with their events, reversals and corrections.

    Accepted corrections are added, so that later ones of the transaction find them.
    """

    def __init__(self) -> None:
        self.keys: dict[Identity, Key] = {}
        self._targets: dict[Identity, Target] = {}
        self._rows: dict[Identity, Staged] = {}
        self._catalogs: dict[int, Catalog] = {}
        self.reversal_ids: dict[Identity, str | None] = {}
        """The ids of reversals, by the ids of the corrections that made them."""
        self._archived: set[Identity] = set()
        self._reversed: dict[Identity, str] = {}
        self._corrected: dict[Identity, Corrected] = {}

    def read(
        self,
        transaction: Transaction,
        number: int,
        requested: Sequence[Correction],
        catalog: Catalog,
    ) -> None:
        """Read the events that an organization's corrections correct, and what became of them.

        The catalog is that of the organization's tenant.
        """
        self._catalogs[number] = catalog
        wanted = {it.corrects for it in requested}
        waiting = corrections.waiting(transaction, number, wanted)
        rest = wanted.difference(identity for identity, _ in waiting)
        keys = events.keys(transaction, number, rest)
        days = {it: keys[it].day for it in rest if it in keys}
        charged = {it: day for it, day in days.items() if day > IN_QUARANTINE}
        # An event that this transaction makes may be charged, and corrected again.
        reversible = charged.keys() | {it.id for it in requested}
        ids = {it.reversal_id for it in requested if it.corrects in reversible}
        keys |= events.keys(transaction, number, ids)
        gone = {it for it, day in days.items() if day == CORRECTED} | charged.keys()
        replaced = events.corrections_of(transaction, number, gone)
        reversals = events.reversals_of(transaction, number, charged)
        for identity, stored in events.events(transaction, number, charged).items():
            self._targets[number, identity] = charged_target(stored, catalog)
        self._archived |= {(number, it) for it in charged if (number, it) not in self._targets}
        for identity, event in waiting:
            self._targets[number, identity] = waiting_target(event)
            self.keys[number, identity] = _WAITS
        self.keys |= {(number, it): key for it, key in keys.items()}
        self._corrected |= {(number, it): by for it, by in replaced.items()}
        self._reversed |= {(number, it): by.id for it, by in reversals.items()}

    def read_taken(
        self, transaction: Transaction, number: int, requested: Sequence[Correction]
    ) -> None:
        """Read which ids of an organization's corrections are taken, and by what."""
        keys = events.keys(transaction, number, [it.id for it in requested])
        made = events.corrections_by(transaction, number, keys)
        for it, key in keys.items():
            if self.keys.get((number, it), _WAITS) is _WAITS:
                self.keys[number, it] = key
        of_reversals = {(number, it): by.reversal_id for it, by in made.items()}
        self.reversal_ids = of_reversals | self.reversal_ids

    def target(self, identity: Identity) -> Target | None:
        """Return an event that may be corrected; None for one that is not there."""
        if identity in self._rows:
            self._targets[identity] = target_of(
                self._rows.pop(identity), self._catalogs[identity[0]]
            )
        return self._targets.get(identity)

    def add(self, record: Corrected, row: Staged) -> None:
        """Add an accepted correction and the row of its event."""
        number = record.organization_id
        replaced, made = (number, record.corrects), (number, record.id)
        if record.reversal_id is None:
            self.keys[replaced] = _WAS_CORRECTED
        else:
            self.keys[number, record.reversal_id] = Key(0, row.day)
            self.reversal_ids[made] = record.reversal_id
        self._corrected[replaced] = record
        self.keys[made] = _key(Key, (row.fingerprint, row.day))
        self._rows[made] = row

    def problem(self, number: int, correction: Correction, rights: Rights) -> Problem | None:
        """Return why an event cannot be corrected; `UNKNOWN` when the key may not see it."""
        identity = number, correction.corrects
        held = self.keys.get(identity)
        if held is _WAITS and rights is EVERY_RIGHT:
            return None  # most corrections are of events that have only waited
        target = self.target(identity)
        if held is None or rights.rules.id_problem(correction.corrects):
            return UNKNOWN
        if target is not None and target.is_outside(rights):
            return UNKNOWN
        if by := self._corrected.get(identity):
            sentence = f"the event was corrected by {by.id}: correct that event"
            problem = Problem("corrects", "already_corrected", sentence)
            return problem if rights.user_id in (None, by.user_id) else UNKNOWN
        if held.day == DISCARDED:
            return _DISCARDED
        if identity in self._archived:
            month = month_text(held.day // 100)
            sentence = f"the event is archived; first run: tollbook archive --restore {month}"
            return Problem("corrects", "archived", sentence)
        if target is None or (target.charged and target.charged.reverses is not None):
            return _IS_REVERSAL
        if identity in self._reversed:
            sentence = f"the event was reversed by {self._reversed[identity]}"
            return Problem("corrects", "already_reversed", sentence)
        return None


def refusals_of_key(correction: Correction, rights: Rights) -> tuple[Problem, ...]:
    """Return why the key may not make a correction, whatever the ids name."""
    if rights is EVERY_RIGHT:
        return ()
    of_other = rights.organization_id not in (None, correction.organization_id)
    costs = () if rights.rules.may_state_costs else _COST_FIELDS
    found = (
        _NOT_FOR_THIS_KEY if of_other else None,
        None if rights.may_reverse else _NOT_PERMITTED,
        rights.rules.id_problem(correction.id),
        *(
            permission_problem(name, Permission.STATE_COSTS)
            for name in costs
            if name in correction.changes
        ),
    )
    return tuple(filter(None, found))
