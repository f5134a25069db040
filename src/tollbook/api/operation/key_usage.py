"""When keys were last used: noted in memory, and written from time to time by a thread."""

import threading

import structlog

from tollbook.domain.errors import TollbookError
from tollbook.domain.keys import ApiKey
from tollbook.store.database import Database
from tollbook.store.keys import write_uses
from tollbook.store.probe import is_standby

_NOTED_AFTER = 60 * 1_000_000
"""Microseconds in which a key's use is noted once."""
_WRITTEN_AFTER = 10.0
_MOST_NOTED = 100_000
_log = structlog.get_logger()


class KeyUsageRecorder:
    """A thread that writes what the event loop noted, in a transaction of its own.

    What cannot be written is given up: the next minute brings it again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, int] = {}
        self._unwritten: dict[tuple[str, str], int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tollbook-key-uses", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write the remaining notes."""
        self._closing.set()
        self._thread.join()

    def note(self, key: ApiKey, now: int) -> None:
        """Note that a key was used; a token, which has no hash, is no key."""
        if now - self._noted.get(key.prefix, 0) >= _NOTED_AFTER and key.hash:
            self._noted[key.prefix] = now
            self._unwritten[key.scope.tenant_id, key.prefix] = now

    def write(self) -> None:
        """Write the notes since the last time."""
        uses, self._unwritten = self._unwritten, {}
        if len(self._noted) > _MOST_NOTED:
            self._noted = {}
        if not uses:
            return
        try:
            if is_standby(self._database):
                return
            with self._database.writing() as transaction:
                write_uses(transaction, uses)
        except TollbookError as error:
            _log.warning("key_uses_not_written", code=error.code)

    def _run(self) -> None:
        while not self._closing.wait(_WRITTEN_AFTER):
            self.write()
        self.write()
