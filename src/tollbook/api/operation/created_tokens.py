"""The viewer tokens that keys create: the audit log gets a line for each key and hour."""

import threading
from dataclasses import dataclass

import structlog

from tollbook.administration.viewer_tokens import TokensCreated, log_tokens_created
from tollbook.domain.errors import TollbookError
from tollbook.store.audit import Actor
from tollbook.store.database import Database

_HOUR = 3600 * 1_000_000
_MOST_KEYS = 10_000
_log = structlog.get_logger()


@dataclass
class _Counted:
    since: int
    until: int
    organization: int | None
    count: int = 0


class CreatedTokens:
    """Counts the tokens that each key creates after the first of an hour.

    The first is in the audit log with its details, in the transaction that creates it. The others
    are added to the log together when the hour is over, or when the server stops; a killed server
    loses their number.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[tuple[str, str], _Counted] = {}
        self._lock = threading.Lock()

    def is_first(self, actor: Actor, organization: int | None) -> bool:
        """Count a token; return whether it is the first of an hour, which is logged alone.

        `organization` is the number of the organization that the key is bound to.
        """
        name = actor.tenant, actor.key_prefix
        with self._lock:
            counted = self._keys.get(name)
            if counted is not None:
                counted.count += 1
                counted.until = actor.at
                return False
            if len(self._keys) < _MOST_KEYS:
                self._keys[name] = _Counted(actor.at, actor.at, organization)
            return True

    def write(self, now: int, *, every: bool = False) -> None:
        """Log the tokens of the hours that are over, or of `every` hour."""
        with self._lock:
            over = {
                name: counted
                for name, counted in self._keys.items()
                if every or now - counted.since >= _HOUR
            }
            for name in over:
                del self._keys[name]
        lines = [
            TokensCreated(Actor(*name, now), it.organization, it.count, it.since, it.until)
            for name, it in over.items()
            if it.count
        ]
        if not lines:
            return
        try:
            with self._database.writing() as transaction:
                log_tokens_created(transaction, lines)
        except TollbookError as error:
            _log.warning("created_tokens_not_logged", code=error.code, keys=len(lines))
