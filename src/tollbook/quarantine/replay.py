"""Replay quarantined events: those that now have a price and an organization are charged."""

from collections.abc import Iterable, Iterator, Sequence

from tollbook.domain.catalog import Catalog
from tollbook.domain.charges import Unpriced
from tollbook.ingest.accept import stage_row
from tollbook.ingest.directory_cache import DirectoryCache, TermsById
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import normalize, stored_event
from tollbook.ingest.problems import fields_of, problems_of
from tollbook.store import ledger, quarantine
from tollbook.store.database import Transaction
from tollbook.store.quarantine import Quarantined
from tollbook.store.quarantine_counts import subtract
from tollbook.store.staging import Staged

INVALID = "invalid_event"
Codes = dict[tuple[int, str], str]
"""The code of each event that is still in quarantine."""


def replay(
    transaction: Transaction,
    directory_cache: DirectoryCache,
    tenant: str,
    waiting: Sequence[Quarantined],
    now: int,
) -> tuple[int, int]:
    """Charge the events that have a price; return how many there were, and how many left.

    Events that remain get their current reason. `waiting` was read in the present state of the
    directory.
    """
    organizations = {event.organization_id for event in waiting}
    terms = directory_cache.terms(transaction, tenant, organizations)
    codes = quarantine.still_waiting(transaction, waiting)
    present = [event for event in waiting if (event.number, event.id) in codes]
    rows, remaining = _stage(transaction, terms, present, now)
    quarantine.give_reasons(transaction, remaining, codes, now)
    if rows:
        ledger.release(transaction, rows, now)
        subtract(
            transaction, ((row.organization_id, codes[row.organization_id, row.id]) for row in rows)
        )
    return len(present), len(rows)


def months_of(waiting: Sequence[Quarantined]) -> set[int]:
    """Return the months that events may fall into in any time zone."""
    months: set[int] = set()
    for it in waiting:
        time = stored_event(it.event).time
        for month in (time.month - 1, time.month, time.month + 1):
            years, index = divmod(month - 1, 12)
            months.add((time.year + years) * 100 + index + 1)
    return months


def recharge(
    terms: TermsById, waiting: Iterable[Quarantined], now: int, months: Months
) -> Iterator[tuple[Quarantined, Staged | Unpriced]]:
    """Yield each event with its row for the ledger, or with the reason that applies now."""
    for event in waiting:
        catalog = terms[event.organization_id].catalog
        normalized = normalize(0, stored_event(event.event), None, catalog.by_type)
        if normalized is None:
            yield event, Unpriced(INVALID, _why_invalid(event, catalog))
            continue
        row = stage_row(normalized, terms[event.organization_id], now, months)
        yield event, Unpriced(row.code, row.reason) if row.code else row


def _stage(
    transaction: Transaction, terms: TermsById, waiting: Sequence[Quarantined], now: int
) -> tuple[list[Staged], list[Quarantined]]:
    """Return the rows of events that have a price, and the others whose reason has changed."""
    rows: list[Staged] = []
    remaining: list[Quarantined] = []
    for event, charged in recharge(terms, waiting, now, Months(transaction)):
        if isinstance(charged, Staged):
            rows.append(charged)
        elif (charged.code, charged.reason) != (event.code, event.reason):
            remaining.append(event._replace(code=charged.code, reason=charged.reason))
    return rows, remaining


def _why_invalid(event: Quarantined, catalog: Catalog) -> str:
    """Return why an event that was once accepted would be rejected today."""
    fields = fields_of(event.event.encode())
    given = {name: value for name, value in fields.items() if value != b"null"}
    problems = problems_of(given, catalog)
    return problems[0].error if problems else "the event is not valid any more"
