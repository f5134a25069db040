"""Estimate the cost of events: the write path up to the commit, and nothing stored."""

import msgspec

from tollbook.domain.charges import RatingInput, Unpriced
from tollbook.domain.periods import local_time
from tollbook.ingest.accept import UNKNOWN_ORGANIZATION, stage_row
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.submit import SubmissionDraft
from tollbook.rating.choose import choose
from tollbook.rating.explain import Explanation, explain
from tollbook.rating.tariff import ChosenRate
from tollbook.store.database import Snapshot


class Rated(msgspec.Struct, frozen=True):
    """An event with its estimated charge; `chosen` is None when the event states its own cost."""

    normalized: NormalizedEvent
    currency: str
    explanation: Explanation
    chosen: ChosenRate | None
    tier_key: str | None
    position: int | None


class NotRated(msgspec.Struct, frozen=True):
    """An event that would be quarantined, with the reason."""

    normalized: NormalizedEvent
    unpriced: Unpriced


def rate(
    snapshot: Snapshot, directory_cache: DirectoryCache, draft: SubmissionDraft
) -> list[Rated | NotRated]:
    """Estimate events in order, as if each were new and sent now, from its month's position."""
    terms = directory_cache.terms(snapshot, draft.scope.tenant_id, draft.organizations)
    months = Months(snapshot)
    return [
        _estimate(it, terms.get(it.event.organization_id), draft.now, months) for it in draft.events
    ]


def _estimate(
    normalized: NormalizedEvent, terms: Terms | None, now: int, months: Months
) -> Rated | NotRated:
    if terms is None:
        return NotRated(normalized, UNKNOWN_ORGANIZATION)
    row = stage_row(normalized, terms, now, months)
    if row.code:
        return NotRated(normalized, Unpriced(row.code, row.reason))
    # Choose again: a row keeps only the id of its rate.
    day, minute, _ = local_time(normalized.time, terms.zone)
    usage = RatingInput(
        normalized.event.type,
        normalized.quantity,
        day,
        normalized.event.attributes,
        normalized.cost,
        minute,
        terms.number_format,
    )
    found = choose(terms.books, usage, terms.currency)
    chosen = found if isinstance(found, ChosenRate) else None
    version = chosen.tariff.version if chosen else None
    explanation = explain(chosen.rate if chosen else None, usage, row.position, version)
    if isinstance(explanation, Unpriced):
        return NotRated(normalized, explanation)
    return Rated(
        normalized=normalized,
        currency=terms.currency,
        explanation=explanation,
        chosen=chosen,
        tier_key=row.tier_key,
        position=row.position,
    )
