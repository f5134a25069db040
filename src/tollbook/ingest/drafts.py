"""Read the body of a request by the catalog of its tenant."""

from collections.abc import Callable
from typing import NamedTuple

from tollbook.domain.catalog import Catalog, HintingCatalog
from tollbook.domain.keys import EventRules, KeyScope
from tollbook.ingest.decode import Decoder
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.submit import SubmissionDraft, draft_of


class BodyReader(NamedTuple):
    """Reads bodies of events that a sender has sent, each to a draft."""

    directory_cache: DirectoryCache
    decode: Decoder
    scope: KeyScope
    rules: EventRules
    clock: Callable[[], int]

    def draft(self, body: bytes) -> SubmissionDraft | None:
        """Return the draft by the catalog in memory, without waiting for the database.

        Return None if only the newest catalog can decide: before a type is rejected as unknown, a
        meter that was added through another server must be looked for.
        """
        found = self.directory_cache.remembered_catalog(self.scope.tenant_id)
        if found is None:
            return None
        draft = self._draft(body, *found)
        return None if draft.has_unknown_types else draft

    def newest_draft(self, body: bytes) -> SubmissionDraft:
        """Return the draft by the newest catalog, with the nearest type of each unknown one."""
        token, catalog = self.directory_cache.loaded_catalog(self.scope.tenant_id)
        return self._draft(body, token, HintingCatalog(catalog, self.rules.meters))

    def _draft(self, body: bytes, token: int, catalog: Catalog) -> SubmissionDraft:
        decoded = self.decode(body, catalog)
        state = None if catalog.is_built_in else token
        return draft_of(decoded, self.scope, self.clock(), self.rules, state)
