"""Adding purchase costs of archived events that a migration could not read from their files."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tollbook.lifecycle.check import SumsByKey, add_to_sums, group_of
from tollbook.store import archive_files, archives, directory, ledger, recharge, versions
from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import UnreadableArchive, locate, require_unchanged
from tollbook.store.archives import Month
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import Row, TimeLimit
from tollbook.store.events import Stored
from tollbook.store.parquet import read_file
from tollbook.store.recharge import OrganizationDay
from tollbook.store.recharge_table import Recharged, StoredCharge

_OTHER_SUMS = 5
"""The sums before those of purchases: events, count, quantity, billed and cost."""
_UNKNOWN = (0, 0, 0)


class Rebuilt(NamedTuple):
    """A month whose purchase costs are in the sums again."""

    month: Month
    groups: int


class NotRebuilt(NamedTuple):
    """A month whose files cannot be read, with the reason."""

    month: Month
    reason: str


def missing_groups(kept: Mapping[Row, Row], sums: SumsByKey) -> frozenset[Row] | None:
    """Return the groups whose purchase costs only the files have.

    None when the sums differ in anything else.
    """
    found = set()
    for key in kept.keys() | sums.keys():
        stored, read = kept.get(key, ()), tuple(sums.get(key, ()))
        if stored == read:
            continue
        alike = stored[:_OTHER_SUMS] == read[:_OTHER_SUMS]
        if not (alike and stored[_OTHER_SUMS:] == _UNKNOWN):
            return None
        found.add(key)
    return frozenset(found)


def rebuild_purchases(database: Database, folder: Path, now: int) -> Iterator[Rebuilt | NotRebuilt]:
    """Add missing purchase costs of archived events to the sums, a month at a time.

    The files are those in `folder`, or where they were written. Months without missing costs are
    left out.
    """
    with database.reading(TimeLimit.NONE) as snapshot:
        files = archive_files.every_file(snapshot)
        owners = directory.owners_of_numbers(snapshot, {file.organization_id for file in files})
    for (number, month), of_month in groupby(files, lambda it: (it.organization_id, it.month)):
        tenant, identity = owners[number]
        found = _rebuild(
            database,
            Actor(tenant, COMMAND_LINE, now),
            Month(number, identity, month),
            of_month,
            folder,
        )
        if found is not None:
            yield found


def _rebuild(
    database: Database, actor: Actor, month: Month, files: Iterable[Archived], folder: Path
) -> Rebuilt | NotRebuilt | None:
    try:
        paths = [_readable(file, folder) for file in files]
    except UnreadableArchive as error:
        return NotRebuilt(month, error.problem)
    sums: SumsByKey = {}
    for event in _events(paths):
        add_to_sums(sums, event)
    with database.writing(TimeLimit.NONE) as transaction:
        ledger.hold_ledgers(transaction, [month.number])
        groups = missing_groups(archives.sums_of(transaction, month.number, month.month), sums)
        if not groups:
            transaction.undo()
            return None if groups is not None else NotRebuilt(month, "its sums differ")
        add_purchases(transaction, month, _events(paths), groups)
        for group in groups:
            archives.set_purchases(transaction, month, group, sums[group][_OTHER_SUMS:])
        versions.touch(transaction, month.number, actor.at)
        what = f"{month.organization_id} {month.month // 100}-{month.month % 100:02d}"
        details = {"groups": len(groups)}
        write_act(transaction, actor, "archive.rebuild", what, details, organization=month.number)
    return Rebuilt(month, len(groups))


def _readable(file: Archived, folder: Path) -> Path:
    path = locate(file, folder)
    require_unchanged(file, path)
    return path


def _events(paths: Iterable[Path]) -> Iterator[Stored]:
    for path in paths:
        for rows in read_file(path):
            yield from (Stored(*row) for row in rows)


def add_purchases(
    transaction: Transaction, month: Month, events: Iterable[Stored], groups: Collection[Row]
) -> None:
    """Add the purchase costs of these groups' events to every sum; the ledger is locked."""
    known = (it for it in events if it.buy is not None and group_of(it) in groups)
    for day, of_day in groupby(known, lambda it: it.day):
        rows = [_recharged(it) for it in of_day]
        recharge.move_sums(transaction, OrganizationDay(month.number, day), rows)


def _recharged(event: Stored) -> Recharged:
    """Return an event whose purchase cost becomes known."""
    charge = StoredCharge(
        cost=event.cost,
        billed=event.billed,
        rate_id=event.rate_id,
        buy=event.buy,
        position=event.position,
        tier_key=event.tier_key,
    )
    return Recharged(
        id=event.id,
        billed_user_id=str(group_of(event)[0]),
        meter=event.meter,
        hour=event.hour,
        country=event.country,
        sign=1 if event.reverses is None else -1,
        before=charge._replace(buy=None),
        after=charge,
    )
