"""Reverse single events, each by an event of its own."""

from collections.abc import Sequence

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.charges import Unpriced
from tollbook.domain.cloud_events import RESERVED_ID, is_reserved
from tollbook.domain.directory import UNADDRESSABLE, id_problem, text_problem, unaddressable
from tollbook.domain.errors import InvalidApiKey, Problem, UnreadableBody
from tollbook.domain.keys import ApiKey, Permission, permission_problem
from tollbook.domain.periods import month_text
from tollbook.domain.receipts import NOT_STORED, Outcome, Receipt, conflict, rejected
from tollbook.domain.reversals import LONGEST_REASON, Reversal, fingerprint
from tollbook.ingest.commit import BatchResult
from tollbook.ingest.decode import MOST_EVENTS, too_many, why_unreadable
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.problems import LARGEST_READ, TOO_LARGE, fields_of, text_in
from tollbook.ingest.reversal_rows import Opposites
from tollbook.store import directory, events, ledger, reversals, versions
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import TimeLimit
from tollbook.store.events import (
    DISCARDED,
    IN_QUARANTINE,
    Corrected,
    Key,
    Reversed,
    Stored,
)
from tollbook.store.staging import Staged

FIELDS = Reversal.__struct_fields__
_NULL = b"null"
_NO_OBJECT = Problem("", "not_an_object", "a reversal must be a JSON object")
_UNKNOWN = Problem("reverses", "unknown_event", "no event of this organization has this id")
_WAITS = Problem(
    "reverses",
    "event_in_quarantine",
    "the event is in quarantine: it was not charged, so there is nothing to reverse",
)
_DISCARDED = Problem(
    "reverses",
    "event_discarded",
    "the event was discarded from quarantine: it was not charged, so there is nothing to reverse",
)
_IS_REVERSAL = Problem("reverses", "is_a_reversal", "a reversal cannot be reversed")
_NOT_PERMITTED = permission_problem("reverses", Permission.REVERSE_EVENTS)
_NOT_FOR_THIS_KEY = Problem(
    "organization_id", "not_for_this_key", "this key is bound to another organization"
)

IndexedReversal = tuple[int, Reversal]
"""A valid reversal with its index in the request."""


def decode_reversals(body: bytes) -> list[IndexedReversal | Receipt]:
    """Read one reversal or an array of them; `UnreadableBody` when the body is not JSON."""
    alone = body.lstrip()[:1] != b"["
    try:
        body.decode()  # the decoder does not check the bytes of raw parts
        kind = msgspec.Raw if alone else list[msgspec.Raw]
        read = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {why_unreadable(error, body)}") from error
    raws = read if isinstance(read, list) else [read]
    if len(raws) > MOST_EVENTS:
        raise too_many("reversals", len(raws))
    return [_decode_one(index, bytes(raw)) for index, raw in enumerate(raws)]


def _decode_one(index: int, raw: bytes) -> IndexedReversal | Receipt:
    if len(raw) > LARGEST_READ:
        return rejected(index, None, (TOO_LARGE,))
    try:
        fields = fields_of(raw)
    except (msgspec.DecodeError, RecursionError):
        return rejected(index, None, (_NO_OBJECT,))
    texts = {name: text_in(fields.get(name, _NULL)) for name in FIELDS}
    problems = [
        Problem(name[:64], "unknown_field", f"unknown field; the fields are {', '.join(FIELDS)}")
        for name in fields
        if name not in FIELDS
    ]
    for name, text in texts.items():
        if fields.get(name, _NULL) == _NULL:
            problems.append(Problem(name, "missing_field", f"{name} is required"))
        elif text is None:
            problems.append(Problem(name, "not_a_string", f"{name} must be a string"))
        else:
            longest = text_problem(name, text, LONGEST_REASON)
            found = longest if name == "reason" else id_problem(name, text)
            problems.extend([found] if found else [])
    if problems:
        return rejected(index, texts["id"], tuple(problems))
    return index, Reversal(**{name: text or "" for name, text in texts.items()})


def reverse(
    database: Database,
    directory_cache: DirectoryCache,
    key: ApiKey,
    decoded: Sequence[IndexedReversal | Receipt],
    actor: Actor,
    *,
    atomic: bool = False,
) -> BatchResult:
    """Reverse events in one durable transaction; an atomic request succeeds whole or fails."""
    receipts = [it for it in decoded if isinstance(it, Receipt)]
    requested = [it for it in decoded if not isinstance(it, Receipt)]
    with database.writing(TimeLimit.COMMIT) as transaction:
        if directory_cache.key(transaction, key.prefix) is None:
            raise InvalidApiKey
        catalog = directory_cache.catalog(transaction, key.scope.tenant_id)
        batch = _Batch(transaction, key, requested, catalog)
        receipts += [batch.receipt(index, reversal) for index, reversal in requested]
        receipts.sort(key=lambda receipt: receipt.index)
        if atomic and any(receipt.code for receipt in receipts):
            as_of = batch.newest(actor.at)
            transaction.undo()
            return BatchResult([_refuse(receipt) for receipt in receipts], as_of, refused=True)
        if batch.rows:
            as_of = batch.store(actor)
        else:
            as_of = batch.newest(actor.at)
            transaction.undo()
    return BatchResult(receipts, as_of)


def _archived(month: int) -> Problem:
    sentence = f"the event is archived; first run: tollbook archive --restore {month_text(month)}"
    return Problem("reverses", "archived", sentence)


def _corrected(by: Corrected) -> Problem:
    sentence = f"the event was corrected by {by.id}: reverse that event"
    return Problem("reverses", "already_corrected", sentence)


def _refuse(receipt: Receipt) -> Receipt:
    return receipt if receipt.code else rejected(receipt.index, receipt.id, (NOT_STORED,))


class _Batch:
    """The reversals of a request, in a transaction that holds their organizations' ledgers."""

    def __init__(
        self,
        transaction: Transaction,
        key: ApiKey,
        requested: Sequence[IndexedReversal],
        catalog: Catalog,
    ) -> None:
        self.rows: list[Staged] = []
        self._made: list[Reversed] = []
        self._transaction = transaction
        self._key = key
        self._catalog = catalog
        self._keys: dict[tuple[int, str], Key] = {}
        self._originals: dict[tuple[int, str], Stored] = {}
        self._reversed: dict[tuple[int, str], str] = {}
        self._corrected: dict[tuple[int, str], Corrected] = {}
        self._archived: set[tuple[int, str]] = set()
        tenant = key.scope.tenant_id
        self._opposites = Opposites(transaction, tenant)
        names = {
            reversal.organization_id for _, reversal in requested if not self._refusals(reversal)
        }
        found = directory.find_organizations(transaction, tenant, names) if names else []
        self._numbers = {row.id: row.number for row in found}
        ledger.hold_ledgers(transaction, self._numbers.values())
        for name, number in self._numbers.items():
            self._read(number, [it for _, it in requested if it.organization_id == name])

    def _refusals(self, reversal: Reversal) -> tuple[Problem, ...]:
        """Return why the key may not reverse this, whatever the ids name."""
        key = self._key
        found = (
            None
            if key.scope.organization_id in (None, reversal.organization_id)
            else _NOT_FOR_THIS_KEY,
            None if key.may(Permission.REVERSE_EVENTS) else _NOT_PERMITTED,
            key.event_rules.id_problem(reversal.id),
        )
        return tuple(filter(None, found))

    def _read(self, number: int, requested: Sequence[Reversal]) -> None:
        """Read the events that an organization's ids name, and their earlier reversals."""
        ids = {it.id for it in requested} | {it.reverses for it in requested}
        keys = events.keys(self._transaction, number, ids)
        wanted = {it.reverses for it in requested if it.reverses in keys}
        days = {it: keys[it].day for it in wanted if keys[it].day > IN_QUARANTINE}
        originals = events.events(self._transaction, number, days)
        before = events.reversals_of(self._transaction, number, wanted)
        self._archived |= {(number, it) for it in days.keys() - originals.keys()}
        corrected = events.corrections_of(self._transaction, number, wanted)
        self._corrected |= {(number, it): found for it, found in corrected.items()}
        self._keys |= {(number, it): key for it, key in keys.items()}
        self._originals |= {(number, it): event for it, event in originals.items()}
        self._reversed |= {(number, it): found.id for it, found in before.items()}

    def receipt(self, index: int, reversal: Reversal) -> Receipt:
        """Return the receipt of a reversal, and keep the row of an accepted one."""
        if refusals := self._refusals(reversal):
            return rejected(index, reversal.id, refusals)
        number = self._numbers.get(reversal.organization_id, 0)
        original = self._originals.get((number, reversal.reverses))
        problem = self._problem(number, reversal, original)
        # An event that the key may not see is unknown to it, whatever the ids name.
        if problem is _UNKNOWN:
            return rejected(index, reversal.id, (problem,))
        print_ = fingerprint(reversal)
        held = self._keys.get((number, reversal.id))
        if held is not None:
            same = held.fingerprint == print_
            return (
                Receipt(index, Outcome.DUPLICATE, reversal.id)
                if same
                else conflict(index, reversal.id)
            )
        if problem is not None or original is None:
            return rejected(index, reversal.id, (problem or _UNKNOWN,))
        if reversal.id in UNADDRESSABLE:
            return rejected(index, reversal.id, (unaddressable("id"),))
        if is_reserved(reversal.id):
            return rejected(index, reversal.id, (RESERVED_ID,))
        row = self._opposites.row(original, reversal.id, print_)
        if isinstance(row, Unpriced):
            unpriced = Problem("reverses", row.code, row.reason)
            return rejected(index, reversal.id, (unpriced,))
        self._accept(number, reversal, row)
        return Receipt(index, Outcome.ACCEPTED, reversal.id)

    def _problem(self, number: int, reversal: Reversal, original: Stored | None) -> Problem | None:
        user = self._key.scope.user_id
        if original is None:
            key = self._keys.get((number, reversal.reverses))
            by = self._corrected.get((number, reversal.reverses))
            if by is not None:
                is_others = self._is_hidden(reversal.reverses) or user not in (None, by.user_id)
                return _UNKNOWN if is_others else _corrected(by)
            if key is not None and (number, reversal.reverses) in self._archived:
                hidden = self._is_hidden(reversal.reverses)
                return _UNKNOWN if hidden else _archived(key.day // 100)
            if key is not None and key.day > IN_QUARANTINE:  # this request has just made it
                return _IS_REVERSAL
            if key is None or self._is_hidden(reversal.reverses):
                return _UNKNOWN
            return _DISCARDED if key.day == DISCARDED else _WAITS
        if user not in (None, original.user_id):
            return _UNKNOWN
        meters = self._key.limits.meters
        if meters and self._catalog.of_code(original.meter).type not in meters:
            return _UNKNOWN
        if original.reverses is not None:
            return _IS_REVERSAL
        if corrected := self._corrected.get((number, reversal.reverses)):
            return _corrected(corrected)
        reversal_id = self._reversed.get((number, reversal.reverses))
        if reversal_id is not None:
            sentence = f"the event was reversed by {reversal_id}"
            return Problem("reverses", "already_reversed", sentence)
        return None

    def _is_hidden(self, identity: str) -> bool:
        """Return whether an event that is not in the ledger may be one that the key cannot see."""
        id_prefix = self._key.limits.id_prefix
        is_own = id_prefix is not None and identity.startswith(id_prefix)
        return self._key.sees_a_part and not is_own

    def _accept(self, number: int, reversal: Reversal, row: Staged) -> None:
        self.rows.append(row)
        made = (number, reversal.reverses, reversal.id, reversal.reason, self._key.prefix, 0)
        self._made.append(Reversed(*made))
        self._keys[number, reversal.id] = Key(row.fingerprint, row.day)
        self._reversed[number, reversal.reverses] = reversal.id

    def newest(self, now: int) -> int:
        """Return when the organizations last received events; now if they never did."""
        received_at = versions.received_at(self._transaction, self._numbers.values())
        return max(received_at.values(), default=0) or now

    def store(self, actor: Actor) -> int:
        """Store and audit accepted reversals; return the instant of the commit."""
        as_of = reversals.record(self._transaction, self.rows, self._made, actor.at)
        for name, number in self._numbers.items():
            ids = [it.reverses for it in self._made if it.organization_id == number]
            if ids:
                write_act(
                    self._transaction,
                    actor,
                    "events.reverse",
                    f"organization {name}",
                    {"reversals": len(ids), "first": ids[0]},
                    organization=number,
                )
        return as_of
