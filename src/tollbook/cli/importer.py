"""Storing events of files in batches, through the ordinary write path."""

from collections import Counter

from tollbook.domain.catalog import HintingCatalog
from tollbook.domain.errors import TollbookError
from tollbook.domain.keys import KeyScope
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import commit
from tollbook.ingest.decode import NumberedLine, decode_numbered
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.submit import draft_of, submission_of
from tollbook.store.database import Database
from tollbook.wiring import now

MOST_SHOWN = 20
"""The refused or quarantined events that are printed; the rest is counted."""


class Importer:
    """Stores lines in batches, one transaction each, and keeps the reasons of refused lines.

    Of quarantined events it keeps the first reasons only: the quarantine has all of them.
    """

    def __init__(
        self, database: Database, directory_cache: DirectoryCache, scope: KeyScope
    ) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.refused: list[str] = []
        self.quarantined: list[str] = []
        self.name = ""
        self._database = database
        self._directory_cache = directory_cache
        self._scope = scope

    def store(self, lines: list[NumberedLine]) -> None:
        """Store a batch durably."""
        for receipt in self.submit(lines):
            self._count(lines, receipt)

    def submit(self, lines: list[NumberedLine]) -> list[Receipt]:
        """Store a batch durably, and return the receipts of its events."""
        token, catalog = self._directory_cache.loaded_catalog(self._scope.tenant_id)
        decoded = decode_numbered(lines, HintingCatalog(catalog))
        draft = draft_of(decoded, self._scope, now(), token=None if catalog.is_built_in else token)
        terms = self._directory_cache.loaded_terms(
            draft.scope.tenant_id, draft.organizations, now()
        )
        submission = submission_of(draft, terms)
        (result,) = commit(self._database, self._directory_cache, [submission], now())
        if isinstance(result, TollbookError):
            raise result
        return list(result.receipts)

    def _count(self, lines: list[NumberedLine], receipt: Receipt) -> None:
        self.counts[receipt.status] += 1
        line = (
            f"{self.name}line {lines[receipt.index][0]}: {receipt.id or 'no id'}: {receipt.error}"
        )
        if receipt.status in (Outcome.REJECTED, Outcome.CONFLICT):
            self.refused.append(line)
        elif receipt.status is Outcome.QUARANTINED and len(self.quarantined) < MOST_SHOWN:
            ways = ", ".join(receipt.ways_out)
            self.quarantined.append(f"{line}; ways out: {ways} (in quarantine)")
