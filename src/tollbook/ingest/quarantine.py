"""Replay quarantined events: those that now have a price and an organization are charged."""

import msgspec

from tollbook.domain.errors import OutcomeUnknown, StoreUnavailable
from tollbook.domain.events import Event
from tollbook.ingest.accept import stage_row
from tollbook.ingest.directory_cache import DirectoryCache, TermsById
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import normalize
from tollbook.ingest.problems import fields_of, problems_of
from tollbook.store import ledger, quarantine
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import TimeLimit
from tollbook.store.quarantine import Quarantined
from tollbook.store.staging import Staged

INVALID = "invalid_event"
_BATCH = 1_000
_event = msgspec.json.Decoder(Event)


class Replay(msgspec.Struct):
    """How many events left quarantine, and how many remain."""

    released: int = 0
    remaining: int = 0


def replay(
    database: Database, directory_cache: DirectoryCache, actor: Actor, organization: int | None
) -> Replay:
    """Process every quarantined event again, in bounded transactions after the audited one.

    Events that remain get their current reason. Raise `OutcomeUnknown` when the database fails
    after the first transaction: events that were released until then stay released.
    """
    with database.writing(TimeLimit.COMMIT) as transaction:
        write_act(
            transaction, actor, "quarantine.replay", "quarantine", {}, organization=organization
        )
    result, after = Replay(), quarantine.FROM_THE_START
    try:
        while True:
            with database.reading() as snapshot:
                waiting = quarantine.waiting(snapshot, actor.tenant, organization, after, _BATCH)
                token = snapshot.directory_token
            if not waiting:
                return result
            released = _release(database, directory_cache, actor, waiting, token)
            if released is not None:
                after = waiting[-1].number, waiting[-1].id
                result.released += released
                result.remaining += len(waiting) - released
    except StoreUnavailable as error:
        raise OutcomeUnknown(
            "the database failed during the replay: some events may have been released; "
            "replay again"
        ) from error


def _release(
    database: Database,
    directory_cache: DirectoryCache,
    actor: Actor,
    waiting: list[Quarantined],
    token: int,
) -> int | None:
    """Release events that have a price; return how many.

    Return None when the directory has changed since `token`. Read the events again then: a number
    may belong to another organization.
    """

    def release(transaction: Transaction) -> int | None:
        if transaction.directory_token != token:
            return None
        organizations = {event.organization_id for event in waiting}
        terms = directory_cache.terms(transaction, actor.tenant, organizations)
        rows, remaining = _stage(transaction, terms, waiting, actor.at)
        quarantine.give_reasons(transaction, remaining)
        if rows:
            ledger.release(transaction, rows, actor.at)
        return len(rows)

    return database.write_events(lambda: _months(waiting), release)


def _stage(
    transaction: Transaction, terms: TermsById, waiting: list[Quarantined], now: int
) -> tuple[list[Staged], list[Quarantined]]:
    """Return the rows of events that have a price, and the others whose reason has changed."""
    still_waiting = quarantine.still_waiting(transaction, waiting)
    months = Months(transaction)
    rows: list[Staged] = []
    remaining: list[Quarantined] = []
    for event in waiting:
        if (event.number, event.id) not in still_waiting:
            continue
        normalized = normalize(0, _event.decode(event.event))
        if normalized is None:
            remaining.append(event._replace(code=INVALID, reason=_why_invalid(event)))
            continue
        row = stage_row(normalized, terms[event.organization_id], now, months)
        if not row.code:
            rows.append(row)
        elif (row.code, row.reason) != (event.code, event.reason):
            remaining.append(event._replace(code=row.code, reason=row.reason))
    return rows, remaining


def _why_invalid(event: Quarantined) -> str:
    """Return why an event that was once accepted would be rejected today."""
    problems = problems_of(fields_of(event.event.encode()))
    return problems[0].error if problems else "the event is not valid any more"


def _months(waiting: list[Quarantined]) -> set[int]:
    """Return the months that events may fall into in any time zone."""
    months: set[int] = set()
    for it in waiting:
        time = _event.decode(it.event).time
        for month in (time.month - 1, time.month, time.month + 1):
            years, index = divmod(month - 1, 12)
            months.add((time.year + years) * 100 + index + 1)
    return months
