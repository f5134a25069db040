"""Making a submission of a decoded request: what this key may send, on which terms."""

from collections.abc import Sequence

from tollbook.domain.keys import Scope
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.accept import refusal, staged_all
from tollbook.ingest.catalogue import Catalogue
from tollbook.ingest.commit import Submission
from tollbook.ingest.decode import Decoded
from tollbook.ingest.facts import Fact


def submission_of(
    decoded: Sequence[Decoded],
    scope: Scope,
    catalogue: Catalogue,
    now: int,
    *,
    key_prefix: str | None = None,
    atomic: bool = False,
) -> Submission:
    """Make a submission; reads the database when it names organizations not met before."""
    facts: list[Fact] = []
    rejections: list[Receipt] = []
    for it in decoded:
        if isinstance(it, Receipt):
            rejections.append(it)
        elif problem := refusal(it, scope, now):
            rejections.append(rejected(it.index, it.event.id, (problem,)))
        else:
            facts.append(it)
    identities = {fact.event.organization_id for fact in facts}
    tenant = scope.tenant_id
    revision, terms = catalogue.remembered_terms(tenant, identities) or catalogue.loaded_terms(
        tenant, identities, now
    )
    rows = staged_all(facts, terms)
    return Submission(scope, key_prefix, facts, rejections, revision, rows, atomic)
