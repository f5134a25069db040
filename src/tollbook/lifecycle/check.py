"""Comparing archives with the ledger's records: bytes, events, sums and identities."""

from collections.abc import Iterator
from pathlib import Path

from tollbook.domain.meters import is_organization_level
from tollbook.lifecycle.discard import leftovers_in
from tollbook.store import archive_files, archives, events
from tollbook.store.archive_files import Archived
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row
from tollbook.store.events import Stored
from tollbook.store.parquet import checksum_of, read_file
from tollbook.store.verification import RowDifference

_CHECK = "archives"
_ADDED = 8
SumsByKey = dict[Row, list[int]]


def archive_differences(snapshot: Snapshot, folder: Path) -> Iterator[RowDifference]:
    """Read every recorded file in a folder; yield missing, different and unrecorded files."""
    for name, problem in leftovers_in(snapshot, folder.absolute()):
        yield RowDifference(_CHECK, "in the folder", {"file": name, "problem": problem})
    months: dict[tuple[int, int], list[Archived]] = {}
    for file in archive_files.every_file(snapshot):
        months.setdefault((file.organization_id, file.month), []).append(file)
    for (number, month), files in months.items():
        sums: SumsByKey = {}
        found = [
            difference for file in files for difference in _of_file(snapshot, folder, file, sums)
        ]
        yield from found
        if not found:
            kept = archives.sums_of(snapshot, number, month)
            if kept != {key: tuple(value) for key, value in sums.items()}:
                yield _different(files[0], "its events do not add up to the stored sums")


def _of_file(
    snapshot: Snapshot, folder: Path, file: Archived, sums: SumsByKey
) -> Iterator[RowDifference]:
    path = folder / file.file
    if not path.is_file():
        yield _different(file, "the file is missing")
        return
    if checksum_of(path) != file.checksum:
        yield _different(file, "the file has a different checksum")
        return
    count = 0
    for rows in read_file(path):
        stored = [Stored(*row) for row in rows]
        count += len(stored)
        known = events.keys(snapshot, file.organization_id, (event.id for event in stored))
        if any(event.id not in known or known[event.id].day != event.day for event in stored):
            yield _different(file, "it has an event whose identity is not in the ledger")
            return
        for event in stored:
            add_to_sums(sums, event)
    if count != file.events:
        yield _different(file, "it has a different number of events")


def group_of(event: Stored) -> Row:
    """Return the key of the sums that an archived event is in."""
    billed_user_id = "" if is_organization_level(event.meter) else event.user_id
    return (
        *(billed_user_id, event.meter, event.day, event.hour, event.country),
        *(event.tier_key or "", event.resource_id or ""),
    )


def add_to_sums(sums: SumsByKey, event: Stored) -> None:
    """Add an event to the sums that are kept of archived events."""
    one = 1 if event.reverses is None else -1
    bought = (0, 0, 0) if event.buy is None else (event.buy, one, event.cost)
    added = (1, one, event.quantity, event.billed, event.cost, *bought)
    known = sums.setdefault(group_of(event), [0] * _ADDED)
    for index, value in enumerate(added):
        known[index] += value


def _different(file: Archived, sentence: str) -> RowDifference:
    row = {"file": file.file, "month": file.month, "part": file.part, "problem": sentence}
    return RowDifference(_CHECK, "in the folder", row)
