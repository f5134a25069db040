"""tollbook import --follow: import files as they grow and rotate, until a signal ends it."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tollbook.cli.command import Options
from tollbook.cli.import_metrics import ImportMetrics, serve_metrics
from tollbook.cli.output import print_error
from tollbook.domain.errors import DatabaseBroken, SchemaChanged, StoreUnavailable
from tollbook.records.follow.follower import Follower
from tollbook.records.follow.growing import GrowingFile
from tollbook.records.follow.state import FileState, StateFile, locked
from tollbook.records.inputs import STANDARD_INPUT
from tollbook.records.mapping import Mapping
from tollbook.records.pipeline import Pipeline
from tollbook.records.readers import Reader
from tollbook.records.refused_file import RefusedFile
from tollbook.records.report import Report
from tollbook.records.rows import RecordRow, SourceRefused

_POLL = 1.0
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_EXIT_AT_ONCE = 130
_FOR_OPERATORS = (DatabaseBroken, SchemaChanged)
"""Errors that no waiting ends; a process that has just been started reports them and ends."""

Found = TypeVar("Found")


def check_follow(options: Options) -> None:
    """Raise `SourceRefused` for options that do not fit to `--follow`, and the reverse."""
    if not options.follow:
        for name in ("state", "options_changed", "metrics"):
            if getattr(options, name):
                raise SourceRefused(f"--{name.replace('_', '-')} requires --follow")
        return
    if options.print or options.dry_run:
        raise SourceRefused("--follow excludes --print and --dry-run")
    if STANDARD_INPUT in options.file:
        raise SourceRefused("--follow excludes standard input")


def state_path(options: Options, mapping: Mapping) -> Path:
    """Return the file of the state."""
    if options.state is not None:
        return Path(options.state)
    folder = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    base = Path(folder) if folder else Path.home() / ".local" / "state" / "tollbook"
    return base / f"import-{options.source or mapping.id_prefix}.json"


class StopSignal:
    """Set by SIGTERM or SIGINT; a second signal ends the process at once, which loses nothing."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Catch signals."""
        before = {it: signal.signal(it, self._stop) for it in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def is_set(self) -> bool:
        """Return whether a signal came."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait; return whether a signal came."""
        return self._event.wait(seconds)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._event.is_set():
            os._exit(_EXIT_AT_ONCE)
        self._event.set()


class FollowRun:
    """An import that follows files: it stores their rows, counts them, and warns."""

    def __init__(self, options: Options, mapping: Mapping, reader: Reader) -> None:
        self.report = Report()
        self.metrics = ImportMetrics()
        self.stop = StopSignal()
        self._options = options
        self._mapping = mapping
        self._reader = reader
        self._is_away = False
        self._has_begun = False

    def run(
        self,
        description: dict[str, Any],
        pipeline: Pipeline,
        refused: RefusedFile,
        open_ledger: Callable[[], None],
    ) -> None:
        """Open the ledger as soon as it is there, and follow the files until a signal comes."""
        path = state_path(self._options, self._mapping)
        state_file = StateFile(path, description)
        with locked(path):
            files = state_file.load(options_may_differ=self._options.options_changed)
            pipeline.refuse_to(refused)
            store = partial(self._store, pipeline)
            names = [str(Path(it).absolute()) for it in self._options.file]
            follower = Follower(names, self._mapping, self._reader, state_file, files, store, self)
            try:
                with self.stop.caught(), self._served():
                    open_ledger()
                    self._poll(follower)
            except StoreUnavailable:
                if not self.stop.is_set():
                    raise  # else a signal came while the database was away: nothing is lost
            finally:
                follower.close()
                refused.close()

    def while_away(self, call: Callable[[], Found]) -> Found:
        """Return what a call returns, and call again as long as the database is away.

        Raise its error when a signal comes, and at start if only an operator can help.
        """
        wait = _FIRST_WAIT
        while True:
            try:
                found = call()
            except StoreUnavailable as error:
                self._note_absence(error)
                if self.stop.wait(wait * random.uniform(0.5, 1)):  # noqa: S311  jitter
                    raise
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                self._has_begun = self.metrics.healthy = True
                self._is_away = False
                return found

    def _note_absence(self, error: StoreUnavailable) -> None:
        if not self._has_begun and isinstance(error, _FOR_OPERATORS):
            raise error
        if not self._is_away:
            print_error(f"tollbook: {error.sentence}; waiting for the database")
        self._is_away = True
        self.metrics.healthy = False

    def rotated(self, kind: str) -> None:
        """Count a rotated file."""
        self.metrics.count_rotation(kind)

    def lost(self, state: FileState) -> None:
        """Warn that the rest of a file is nowhere."""
        self.metrics.gaps.inc()
        print_error(
            f"tollbook: what follows byte {state.offset} of {state.path} (inode {state.inode}) is "
            "in no file any more; import it from a copy if it had more rows"
        )

    def _poll(self, follower: Follower) -> None:
        while not self.stop.is_set():
            has_read = follower.poll(time.time(), self.stop.is_set)
            self.metrics.files.set(len(follower.open_files))
            self.metrics.behind.set(sum(it.behind for it in follower.open_files))
            if not has_read:
                self.stop.wait(_POLL)

    def _store(self, pipeline: Pipeline, file: GrowingFile, rows: list[RecordRow]) -> None:
        report = Report()
        pipeline.add(file, rows, report)
        self.report.add(report)
        for outcome, count in report.events.items():
            self.metrics.count_rows(outcome, count)
        self.metrics.count_rows("skipped", report.skipped.total() + (report.identical or 0))
        self.metrics.count_rows("refused", report.refused.total())
        self.metrics.last_commit.set(time.time())

    @contextmanager
    def _served(self) -> Iterator[None]:
        """Serve the metrics, if there is an address."""
        if not self._options.metrics:
            yield
            return
        host, port = self._options.metrics
        end_metrics = serve_metrics(self.metrics, host, port)
        try:
            yield
        finally:
            end_metrics()
