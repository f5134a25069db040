"""What would it cost: events on the way of ingest up to the commit, and nothing stored."""

import msgspec

from tollbook.domain.charges import RatingInput, Unpriced
from tollbook.domain.periods import local_time
from tollbook.ingest.accept import UNKNOWN_ORGANIZATION, staged
from tollbook.ingest.directory_cache import DirectoryCache, Terms
from tollbook.ingest.months import Months
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.ingest.submit import SubmissionDraft
from tollbook.rating.choose import choose
from tollbook.rating.explain import Explanation, explain
from tollbook.rating.tariff import Chosen
from tollbook.store.database import Snapshot


class Rated(msgspec.Struct, frozen=True):
    """An event with the charge it would have; `chosen` is None when its own cost is all of it."""

    fact: NormalizedEvent
    currency: str
    explanation: Explanation
    chosen: Chosen | None
    tier_key: str | None
    position: int | None


class NotRated(msgspec.Struct, frozen=True):
    """An event that would wait in quarantine, and why."""

    fact: NormalizedEvent
    unpriced: Unpriced


def rate(
    snapshot: Snapshot, directory_cache: DirectoryCache, draft: SubmissionDraft
) -> list[Rated | NotRated]:
    """Rate events as if each were new and came now, in order, from where its month stands."""
    terms = directory_cache.terms(snapshot, draft.scope.tenant_id, draft.organizations)
    months = Months(snapshot)
    return [
        _rated(fact, terms.get(fact.event.organization_id), draft.now, months)
        for fact in draft.facts
    ]


def _rated(
    fact: NormalizedEvent, terms: Terms | None, now: int, months: Months
) -> Rated | NotRated:
    if terms is None:
        return NotRated(fact, UNKNOWN_ORGANIZATION)
    row = staged(fact, terms, now, months)
    if row.code:
        return NotRated(fact, Unpriced(row.code, row.reason))
    # Chosen once more, because a row keeps no more of a rate than its number.
    day, minute, _ = local_time(fact.time, terms.zone)
    event = fact.event
    usage = RatingInput(
        event.type, fact.quantity, day, event.attributes, fact.cost, minute, terms.number_format
    )
    found = choose(terms.books, usage, terms.currency)
    chosen = found if isinstance(found, Chosen) else None
    version = chosen.tariff.version if chosen else None
    told = explain(chosen.rate if chosen else None, usage, row.position, version)
    if isinstance(told, Unpriced):
        return NotRated(fact, told)
    return Rated(fact, terms.currency, told, chosen, row.tier_key, row.position)
