"""Store the events of messages: one submission for each message, one transaction for a batch."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import structlog

from tollbook.brokers.bodies import decoder_of, unpacked
from tollbook.brokers.dead_letters import letter_of_error, letter_of_receipts
from tollbook.brokers.transport import DeadLetter, Message
from tollbook.domain.errors import (
    InternalError,
    InvalidApiKey,
    QueueFull,
    RequestError,
    StoreUnavailable,
    TollbookError,
)
from tollbook.domain.keys import ApiKey
from tollbook.domain.receipts import Outcome, Receipt
from tollbook.ingest.commit import commit
from tollbook.ingest.decode import MOST_EVENTS, Decoder
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.ingest.drafts import BodyReader
from tollbook.ingest.submit import KeyInUse, Submission, submission_of
from tollbook.store.database import Database
from tollbook.store.error_translation import translate_errors

_log = structlog.get_logger()
_ATTEMPTS = 3
"""How often a message is tried alone that makes a batch fail."""
_AWAY = (StoreUnavailable, QueueFull)
_REFUSED = (Outcome.REJECTED, Outcome.CONFLICT)


FindDecoder = Callable[[Message], Decoder]
"""Returns the decoder of a message by its type and headers; `UnsupportedBody` for others."""


class StoredMessage(NamedTuple):
    """A message whose events are stored, or its dead letter, with the receipts of its events."""

    message: Message
    letter: DeadLetter | None
    receipts: list[Receipt]


class MessageStore:
    """Stores messages with the rights of a key, directly in the database."""

    def __init__(
        self,
        database: Database,
        directory_cache: DirectoryCache,
        clock: Callable[[], int],
        key_prefix: str,
        *,
        atomic: bool = False,
        find_decoder: FindDecoder = decoder_of,
    ) -> None:
        self._database = database
        self._directory_cache = directory_cache
        self._clock = clock
        self._key_prefix = key_prefix
        self._atomic = atomic
        self._find_decoder = find_decoder

    def store(self, messages: Sequence[Message]) -> list[StoredMessage]:
        """Store messages durably; each is stored or has a dead letter afterwards.

        Raise `StoreUnavailable` when the database cannot store them now, and `InvalidApiKey` when
        the key is no longer valid: then nothing is decided of the messages, and some may be stored.
        """
        try:
            with translate_errors():
                return self._store(messages)
        except (*_AWAY, InvalidApiKey):
            raise
        except Exception:
            _log.exception("batch_failed", messages=len(messages))
        return [self._store_alone(it) for it in messages]

    def _store_alone(self, message: Message) -> StoredMessage:
        for _ in range(_ATTEMPTS):
            try:
                with translate_errors():
                    return self._store([message])[0]
            except (*_AWAY, InvalidApiKey):
                raise
            except Exception:
                _log.exception("message_failed", source=message.source)
        error = InternalError("something went wrong; the events may have been stored")
        return StoredMessage(message, letter_of_error(message, error), [])

    def _store(self, messages: Sequence[Message]) -> list[StoredMessage]:
        token, key = self._key()
        found: dict[int, StoredMessage] = {}
        ready: list[tuple[int, Submission]] = []
        for index, message in enumerate(messages):
            try:
                ready.append((index, self._submission(message, key, token)))
            except RequestError as error:
                found[index] = StoredMessage(message, letter_of_error(message, error), [])
        for group in self._groups(ready):
            for index, receipts in self._commit(group):
                found[index] = _stored(messages[index], receipts)
        return [found[index] for index in range(len(messages))]

    def _key(self) -> tuple[int, ApiKey]:
        found = self._directory_cache.loaded_key(self._key_prefix)
        if found is None:
            raise InvalidApiKey
        return found

    def _submission(self, message: Message, key: ApiKey, token: int) -> Submission:
        cache, decode = self._directory_cache, self._find_decoder(message)
        reader = BodyReader(cache, decode, key.scope, key.event_rules, self._clock)
        body, tenant = unpacked(message), key.scope.tenant_id
        draft = reader.draft(body) or reader.newest_draft(body)
        terms = cache.remembered_terms(tenant, draft.organizations) or cache.loaded_terms(
            tenant, draft.organizations, self._clock()
        )
        return submission_of(draft, terms, KeyInUse(key.prefix, token), self._atomic)

    def _groups(
        self, ready: Sequence[tuple[int, Submission]]
    ) -> Iterator[list[tuple[int, Submission]]]:
        """Yield groups of submissions, each for one transaction of a limited size."""
        group: list[tuple[int, Submission]] = []
        size = 0
        for index, submission in ready:
            size += submission.size
            if group and (self._atomic or size > MOST_EVENTS):
                yield group
                group, size = [], submission.size
            group.append((index, submission))
        if group:
            yield group

    def _commit(
        self, group: Sequence[tuple[int, Submission]]
    ) -> Iterator[tuple[int, list[Receipt]]]:
        submissions = [submission for _, submission in group]
        results = commit(self._database, self._directory_cache, submissions, self._clock())
        for (index, _), result in zip(group, results, strict=True):
            if isinstance(result, TollbookError):
                raise result
            yield index, result.receipts


def _stored(message: Message, receipts: list[Receipt]) -> StoredMessage:
    refused = [it for it in receipts if it.status in _REFUSED]
    letter = letter_of_receipts(message, refused) if refused else None
    return StoredMessage(message, letter, receipts)
