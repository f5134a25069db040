"""Draft submissions from bodies: decode, by the types of the tenant, and separate rejections."""

from collections.abc import Callable
from dataclasses import dataclass

from tollbook.domain.event_types import EventTypes
from tollbook.domain.keys import ALL_EVENTS, EventRules, KeyScope
from tollbook.ingest.decode import Decoder
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.submit import SubmissionDraft, draft_of


@dataclass(frozen=True)
class Drafter:
    """Drafts what a sender with this scope and these rules sends."""

    directory_cache: DirectoryCache
    clock: Callable[[], int]
    scope: KeyScope
    rules: EventRules = ALL_EVENTS

    def draft_remembered(self, decode: Decoder, body: bytes) -> SubmissionDraft:
        """Return the draft of a body by the mapped types in memory, which may be incomplete.

        With `has_unknown_types` it must be drafted again, by `draft_again`.
        """
        types = self.directory_cache.remembered_event_types(self.scope.tenant_id)
        return self._draft(decode, body, types)

    def draft_again(self, draft: SubmissionDraft, decode: Decoder, body: bytes) -> SubmissionDraft:
        """Return the draft of a body by the mapped types in the database, if they may matter."""
        return self.draft_loaded(decode, body) if draft.has_unknown_types else draft

    def draft_loaded(self, decode: Decoder, body: bytes) -> SubmissionDraft:
        """Return the draft of a body by the mapped types in the database."""
        types = self.directory_cache.loaded_event_types(self.scope.tenant_id)
        return self._draft(decode, body, types)

    def draft(self, decode: Decoder, body: bytes) -> SubmissionDraft:
        """Return the draft of a body; this may read from the database."""
        return self.draft_again(self.draft_remembered(decode, body), decode, body)

    def _draft(self, decode: Decoder, body: bytes, types: EventTypes) -> SubmissionDraft:
        return draft_of(decode(body, types), self.scope, self.clock(), self.rules)
