"""Following files: which exist, which were rotated, and what of them is new.

A file is recognized by its content. In any doubt rows are read again: their ids make that harmless.
"""

import glob
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tollbook.records.follow.contents import FileKey, Opened, key_of, opened, size_of
from tollbook.records.follow.growing import GrowingFile
from tollbook.records.follow.state import FORGET_AFTER, FileState, StateFile
from tollbook.records.inputs import is_of_refused_rows
from tollbook.records.mapping import Mapping
from tollbook.records.readers import Reader
from tollbook.records.rows import RecordRow

LINGER = 60.0
"""Seconds without growth after which a file that was renamed or deleted is closed."""

RENAMED, TRUNCATED, PACKED, DELETED = "renamed", "truncated", "packed", "deleted"
ROTATIONS = (RENAMED, TRUNCATED, PACKED, DELETED)

_ROTATED = re.compile(r"(?:[.-][0-9]+|\.gz|\.old|~)+$")

StoreRows = Callable[[GrowingFile, list[RecordRow]], None]
"""Stores a batch of rows of a file durably."""


class Observer(Protocol):
    """Receives what happens to files, for metrics and warnings."""

    def rotated(self, kind: str) -> None:
        """Note that a file was rotated in one of the ways of `ROTATIONS`."""

    def lost(self, state: FileState) -> None:
        """Note that the rest of a file is nowhere."""


class _Seen(NamedTuple):
    """A version of a file that needs no second look."""

    key: FileKey
    size: int
    modified: int


class Follower:
    """Follows the files that names and patterns match.

    Call `poll` again and again; it reads what is new and returns whether there was anything.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        mapping: Mapping,
        reader: Reader,
        state_file: StateFile,
        files: list[FileState],
        store: StoreRows,
        observer: Observer,
    ) -> None:
        self.files = files
        self.open_files: list[GrowingFile] = []
        self._patterns = patterns
        self._mapping = mapping
        self._reader = reader
        self._state_file = state_file
        self._store = store
        self._observer = observer
        self._seen: dict[str, _Seen] = {}
        self._done: set[int] = set()

    def poll(self, now: float, stops: Callable[[], bool] = lambda: False) -> bool:
        """Find files, read what is new of them, and forget those that are gone.

        `now` is in seconds since 1970; `stops` is asked after each batch.
        """
        for path in self._paths():
            self._find(path, now)
        self._search_lost(now)
        has_read = False
        for file in list(self.open_files):
            if stops():
                break
            has_read |= self._read(file, now, stops)
            self._look_at_name(file, now)
        self._forget(now)
        return has_read

    def close(self) -> None:
        """Close all files."""
        for file in self.open_files:
            file.close()
        self.open_files = []

    def _paths(self) -> Iterator[str]:
        """Yield the files that exist and match, without those of refused rows."""
        for pattern in self._patterns:
            if Path(pattern).exists() or not glob.has_magic(pattern):
                names = [pattern]
            else:
                names = sorted(glob.glob(pattern))  # noqa: PTH207  patterns may be absolute
            for name in names:
                if name in self._seen or not is_of_refused_rows(Path(name)):
                    yield name

    def _find(self, path: str, now: float) -> None:
        """Begin to follow a path, unless its file is followed or done already."""
        key = key_of(path)
        if key is None:
            return
        for file in self.open_files:
            if file.file.key == key:
                if file.left_at is None:
                    file.state.path = path
                return
        seen = _seen_of(path)
        if seen is None or self._seen.get(path) == seen:
            return
        found = opened(path)
        if found is None:
            return
        self._seen[path] = seen
        state = self._state_of(found)
        if state is None and not self._is_followed(found):
            state = FileState(path=path)
            state.recognize(found.content, size_of(found.content))
            self.files.append(state)
        if state is None:
            found.content.close()
        else:
            self._begin(found, state, now)

    def _begin(self, found: Opened, state: FileState, now: float) -> None:
        if found.is_packed and state.offset:
            self._observer.rotated(PACKED)
        state.path = found.path
        file = GrowingFile(found, state, self._mapping, self._reader, now)
        file.remember()
        self.open_files.append(file)
        self._state_file.save(self.files)

    def _state_of(self, found: Opened) -> FileState | None:
        """Return the state of a content that nobody follows, the same inode first."""
        size = size_of(found.content)
        followed = {id(it.state) for it in self.open_files}
        candidates = [it for it in self.files if id(it) not in followed]
        candidates.sort(key=lambda it: ((it.device, it.inode) != found.key, -it.offset))
        return next((it for it in candidates if it.matches(found.content, size, found.key)), None)

    def _is_followed(self, found: Opened) -> bool:
        """Return whether a file is a copy of one that is followed, such as its packed form."""
        size = size_of(found.content)
        return any(it.state.matches(found.content, size, found.key) for it in self.open_files)

    def _fits(self, state: FileState, found: Opened) -> bool:
        """Return whether a file has a lost content, or may have one and is unknown otherwise."""
        size = size_of(found.content)
        if state.matches(found.content, size, found.key):
            return True
        others = (it for it in self.files if it is not state)
        return (
            not state.offset
            and state.may_match(found.content, size)
            and not any(it.matches(found.content, size, found.key) for it in others)
        )

    def _search_lost(self, now: float) -> None:
        """Look for contents that nobody follows next to the names they had, packed or not."""
        followed = {id(it.state) for it in self.open_files} | self._done
        for state in self.files:
            if id(state) in followed or state.gone_since is not None or not state.head.bytes:
                continue
            is_imported = False
            for path in sorted(glob.glob(glob.escape(_name_of(state.path)) + "*")):  # noqa: PTH207
                found = opened(path)
                if found is None:
                    continue
                if self._fits(state, found):
                    self._begin(found, state, now)
                    break
                # Nothing was imported of it, and another name of it may have been followed.
                size = size_of(found.content)
                is_imported |= not state.offset and state.may_match(found.content, size)
                found.content.close()
            else:
                state.gone_since = int(now)
                if not is_imported:
                    self._observer.lost(state)
                self._state_file.save(self.files)

    def _read(self, file: GrowingFile, now: float, stops: Callable[[], bool]) -> bool:
        """Import the new rows of a file; return whether there were any."""
        if file.is_replaced():
            self._replace(file, now)
        if not file.behind:
            return False
        has_read = False
        for rows in file.batches():
            self._store(file, rows)
            file.advance(rows)
            file.grew_at = now
            self._state_file.save(self.files)
            has_read = True
            if stops():
                break
        return has_read

    def _replace(self, file: GrowingFile, now: float) -> None:
        """Follow a truncated file from its new beginning; its old content is elsewhere, or lost."""
        self._observer.rotated(TRUNCATED)
        old = file.state
        file.state = FileState(
            path=file.name, device=file.file.key.device, inode=file.file.key.inode
        )
        self.files.append(file.state)
        old.device = old.inode = 0
        self._search_lost(now)

    def _look_at_name(self, file: GrowingFile, now: float) -> None:
        """Close a file that was renamed or deleted when it has not grown for a while."""
        if file.file.is_packed:
            self._end(file)
            return
        key = key_of(file.state.path)
        if key == file.file.key:
            file.left_at = None
            return
        if file.left_at is None:
            file.left_at = now
            self._observer.rotated(DELETED if key is None else RENAMED)
        if now - max(file.left_at, file.grew_at) >= LINGER:
            self._end(file)
            file.state.gone_since = int(now)
            self._state_file.save(self.files)

    def _end(self, file: GrowingFile) -> None:
        file.close()
        self.open_files.remove(file)
        if file.file.is_packed:
            self._done.add(id(file.state))

    def _forget(self, now: float) -> None:
        """Remove files from the state that are gone for long, and those of which nothing came."""
        followed = {id(it.state) for it in self.open_files}
        for state in self.files:
            if id(state) in self._done and key_of(state.path) is None:
                state.gone_since = state.gone_since or int(now)
        kept = [
            it
            for it in self.files
            if id(it) in followed or (it.head.bytes and now - (it.gone_since or now) < FORGET_AFTER)
        ]
        if len(kept) < len(self.files):
            self.files[:] = kept
            self._state_file.save(self.files)


def _name_of(path: str) -> str:
    """Return the name that a file had before it was rotated: cdr.csv of cdr.csv.2.gz."""
    return _ROTATED.sub("", path)


def _seen_of(path: str) -> _Seen | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return _Seen(FileKey(found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns)
