"""Archived events: the files that a question needs, and their rows, as the ledger had them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from tollbook.analytics.event_statements import NEVER_A_USERS, Whose
from tollbook.domain.errors import EventArchived
from tollbook.domain.meters import BY_CODE, OWN_ORGANIZATION_LEVEL
from tollbook.domain.periods import month_text
from tollbook.store import archive_files
from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import UnreadableArchive, locate, require_unchanged
from tollbook.store.database import Snapshot
from tollbook.store.engine import Parameters, Row
from tollbook.store.event_ids import encode_id
from tollbook.store.events import Stored
from tollbook.store.parquet import EventFile, arrow_modules

_COLUMNS = (
    *("id", "meter", "user_id", "resource_id", "time", "day", "quantity", "billed", "meter"),
    *("cost", "country", "attributes", "received_at", "reverses"),
)
"""The columns of a listed event, as the statements select them."""
_EMPTY_IS_NONE = {"user_id", "country"}
_TIME = _COLUMNS.index("time")
_id_of = itemgetter(_COLUMNS.index("id"))


def _stored_id(row: Row) -> bytes:
    """Return the id of a row as the ledger orders it."""
    return encode_id(_id_of(row))


class ReadableFile(NamedTuple):
    """An archive with its path on this machine."""

    file: Archived
    path: Path


class ArchivedEvents:
    """The archived events that a question may need: those of the readable files, by month."""

    def __init__(
        self, files: Mapping[int, Sequence[ReadableFile]], whose: Whose, *, with_buy: bool = False
    ) -> None:
        self._files = files
        self._whose = whose
        self._columns = (*_COLUMNS, "buy") if with_buy else _COLUMNS
        self._month = 0
        self._opened: list[EventFile] = []

    def merge_newest(self, ledger: list[Row], bound: Parameters) -> list[Row]:
        """Merge the newest archived events of a day with those of the ledger, for a page.

        `bound` are the parameters of the statement of a page, which has read `ledger`.
        """
        before, before_id, limit = bound["before"], bound["before_id"], bound["limit"]
        tables = (_newest(it, before, limit) for it in self._of_day(bound, before=before))
        archived = [
            row for table in tables if table is not None for row in _rows(table, self._columns)
        ]
        if not archived:
            return ledger
        end = before, before_id
        rows = {(row[_TIME], _stored_id(row)): row for row in (*ledger, *archived)}
        newest = sorted((key for key in rows if key < end), reverse=True)
        return [rows[key] for key in newest[:limit]]

    def chunks(self, bound: Parameters, size: int) -> list[Iterator[list[Row]]]:
        """Read all events of a day, up to `size` at a time in the order of ids, from each file."""
        return [_chunks(tables, size, self._columns) for tables in self._of_day(bound)]

    def _of_day(self, bound: Parameters, before: int | None = None) -> list[Iterator[Any]]:
        return [_matching(it, bound, self._whose, before) for it in self._open(bound["day"])]

    def _open(self, day: int) -> list[EventFile]:
        """Open the files of a day's month, and keep them open while days of it are read."""
        month = day // 100
        if month != self._month:
            with _refusing(month):
                self._opened = [_open(it) for it in self._files.get(month, ())]
            self._month = month
        return self._opened


def merge_by_id(sources: Iterable[Iterator[list[Row]]]) -> Iterator[list[Row]]:
    """Merge chunks of rows, each source in the order of ids of the database."""
    waiting = [(rows, source) for source in sources if (rows := next(source, []))]
    while len(waiting) > 1:
        known = min(_stored_id(rows[-1]) for rows, _ in waiting)
        ready = [row for rows, _ in waiting for row in rows if _stored_id(row) <= known]
        yield sorted(ready, key=_stored_id)
        rest = [
            ([row for row in rows if _stored_id(row) > known] or next(source, []), source)
            for rows, source in waiting
        ]
        waiting = [(rows, source) for rows, source in rest if rows]
    for rows, source in waiting:
        yield rows
        yield from source


def _open(readable: ReadableFile) -> EventFile:
    require_unchanged(readable.file, readable.path)
    return EventFile(readable.path)


def find_files(
    snapshot: Snapshot,
    number: int,
    months: tuple[int, int],
    folder: Path | None,
    *,
    verify: bool = False,
) -> tuple[dict[int, list[ReadableFile]], dict[int, str]]:
    """Find the archives of these months; return the readable ones, and why others are not.

    With `verify`, a file is readable only with the recorded checksum.
    """
    found: dict[int, list[ReadableFile]] = {}
    problems: dict[int, str] = {}
    for file in archive_files.files_of(snapshot, number, *months):
        try:
            readable = ReadableFile(file, locate(file, folder))
            if verify:
                require_unchanged(*readable)
            found.setdefault(file.month, []).append(readable)
        except UnreadableArchive as error:
            problems.setdefault(file.month, error.problem)
    return found, problems


def find_archived(
    snapshot: Snapshot, number: int, day: int, identity: str, folder: Path | None
) -> Stored | None:
    """Find one archived event; raise `EventArchived` when a file that may have it is unreadable."""
    month = day // 100
    found, problems = find_files(snapshot, number, (month, month), folder)
    with _refusing(month):
        for it in found.get(month, ()):
            for table in _open(it).groups(day):
                for row in table.filter(_compute().equal(table["id"], identity)).to_pylist():
                    return Stored(**row)
    if problems:
        raise refusal(problems)
    return None


def refusal(problems: Mapping[int, str]) -> EventArchived:
    """Return the error for months whose archives cannot be read here, each with the reason."""
    months = ", ".join(month_text(month) for month in sorted(problems))
    return EventArchived(
        f"events of {months} are archived, and their files cannot be read here: "
        f"{problems[min(problems)]}"
    )


@contextmanager
def _refusing(month: int) -> Iterator[None]:
    """Turn what goes wrong with the files of a month into `EventArchived`."""
    try:
        yield
    except UnreadableArchive as error:
        raise refusal({month: error.problem}) from error
    except (OSError, ValueError) as error:  # of Arrow, for a file that is no longer readable
        raise refusal({month: str(error)}) from error


def _matching(
    file: EventFile, bound: Parameters, whose: Whose, before: int | None
) -> Iterator[Any]:
    """Read the events of a day that the statement with these parameters would read."""
    day = bound["day"]
    with _refusing(day // 100):
        for table in file.groups(day):
            found = table.filter(_condition(table, bound, whose, before))
            if found.num_rows:
                yield found


def _condition(table: Any, bound: Parameters, whose: Whose, before: int | None) -> Any:
    compute = _compute()
    meters = bound.get("codes")
    if meters is None:
        meters = [code for code in BY_CODE if bound["meters"] >> code & 1]
    conditions = [
        compute.equal(table["day"], bound["day"]),
        _is_one_of(table["meter"], meters),
        compute.greater_equal(table["country"], bound["country"]),
        compute.less_equal(table["country"], bound["last_country"]),
        compute.greater_equal(table["time"], bound["start"]),
        compute.less(table["time"], bound["end"]),
        compute.less_equal(table["received_at"], bound["as_of"]),
    ]
    if bound["resource"] is not None:
        conditions.append(compute.equal(table["resource_id"], bound["resource"]))
    if before is not None:
        conditions.append(compute.less_equal(table["time"], before))
    if whose is Whose.USER:
        conditions.append(compute.equal(table["user_id"], bound["user"]))
    if whose is Whose.NOBODY:
        is_nobody = compute.equal(table["user_id"], "")
        never_a_users = (*NEVER_A_USERS, *OWN_ORGANIZATION_LEVEL)
        conditions.append(compute.or_(is_nobody, _is_one_of(table["meter"], never_a_users)))
    return reduce(compute.and_, conditions)


def _is_one_of(column: Any, values: Sequence[int]) -> Any:
    arrow, _ = arrow_modules()
    return _compute().is_in(column, arrow.array(values, type=column.type))


def _newest(tables: Iterator[Any], before: int, limit: int) -> Any | None:
    """Return the events of the time `before`, and the newest of those earlier than it."""
    arrow, _ = arrow_modules()
    compute = _compute()
    kept = None
    for table in tables:
        kept = table if kept is None else arrow.concat_tables([kept, table])
        earlier = kept["time"].filter(compute.less(kept["time"], before))
        if len(earlier) > limit:
            newest = earlier.take(compute.top_k_unstable(earlier, limit))
            kept = kept.filter(compute.greater_equal(kept["time"], compute.min(newest)))
    return kept


def _chunks(tables: Iterator[Any], size: int, names: Sequence[str]) -> Iterator[list[Row]]:
    for table in tables:
        for start in range(0, table.num_rows, size):
            yield _rows(table.slice(start, size), names)


def _rows(table: Any, names: Sequence[str]) -> list[Row]:
    """Return rows as the statements select them."""
    columns = [table[name].to_pylist() for name in names]
    for place, name in enumerate(names):
        if name in _EMPTY_IS_NONE:
            columns[place] = [value or None for value in columns[place]]
    return list(zip(*columns, strict=True))


def _compute() -> Any:
    """Import the functions on Arrow tables only where they are needed."""
    return import_module("pyarrow.compute")
