"""SQLite: one file, one writer, many readers, durable at every commit.

A thread that steps SQLite row by row releases the interpreter's lock at every row and, next to a
busy thread, waits up to a switch interval to get it back. So rows are read as one JSON value and
inserted a thousand to a statement: few steps for any number of rows.
"""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache, partial
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, NullPool, create_engine, event

from tollbook.domain.errors import BackupRefused
from tollbook.store.backup_files import write_alone
from tollbook.store.engine import (
    STATE_COLUMNS,
    STATE_TABLE,
    Backup,
    DirectoryState,
    Driver,
    Engine,
    Options,
    Parameters,
    Restoration,
    Row,
    TimeLimit,
)
from tollbook.store.file_locks import OWNER_ONLY
from tollbook.store.sqlite import copies
from tollbook.store.sqlite.errors import ERRORS, is_sum_out_of_range
from tollbook.store.sqlite.event_ids import with_texts_of_ids
from tollbook.store.sqlite.opened_file import Identity, OpenedFile, identity_of, open_file, replaced
from tollbook.store.sqlite.sessions import WAIT_FOR_LOCK_MS, prepare, prepare_stream
from tollbook.store.staging import COLUMNS, Staged, stored_rows, width

_READERS = 16
_WAIT_FOR_READERS_MS = 100
_SECRETS_SUFFIX = "-secret"

_MAX_VARIABLES = 32_766
"""The most variables of a statement of SQLite."""

_STATE = f"SELECT {STATE_COLUMNS} FROM {STATE_TABLE} WHERE id = 1"
_IN_LIST = re.compile(r"\bIN :([a-z_]+)")
_BY_INDEX = re.compile(r"/\* by (\w+) \*/")
_PLACES = "_places"
_LONGEST = 4096
"""More bytes than an id has."""
_IN_IDS = (
    f"IN (SELECT substr(:{{name}}, value / {_LONGEST}, value % {_LONGEST}) "
    f"FROM json_each(:{{name}}{_PLACES}))"
)
_NO_OPTIONS = Options()
_rows = msgspec.json.Decoder(list[tuple[Any, ...]])
_column = msgspec.json.Decoder(list[Any])
Prepare = Callable[[sqlite3.Connection], None]


class Sqlite(Engine):
    """The embedded engine."""

    example_url = "sqlite:///tollbook.db"
    errors = ERRORS
    backup_magic = copies.MAGIC
    companions = copies.COMPANIONS

    @staticmethod
    def accepts(url: URL) -> bool:
        """Return whether a URL names a file; a database in memory is gone with its process."""
        return url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")

    def __init__(self, url: URL, _options: Options = _NO_OPTIONS) -> None:
        self.path = Path(url.database or "").absolute()
        self._identity: Identity | None = None
        self.folder = self.path.parent
        self.secret_key_file = self.path.with_name(f"{self.path.name}{_SECRETS_SUFFIX}")
        self.sqlalchemy = create_engine(
            url,
            pool_size=_READERS,
            max_overflow=_READERS,
            connect_args={"timeout": 30},
            hide_parameters=True,
        )
        # A stream opens its own connection, and returns its memory afterwards.
        self._streams = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30})
        for engine, set_up in ((self.sqlalchemy, prepare), (self._streams, prepare_stream)):
            event.listen(engine, "do_connect", partial(self._open, set_up))
            event.listen(engine, "begin", _begin)
        event.listen(self.sqlalchemy, "checkout", _refuse_replaced)

    def _open(
        self, prepare: Prepare, _dialect: object, _record: object, args: Any, options: Any
    ) -> OpenedFile:
        """Open the file; a restore may replace it while this waits for the restore's lock."""
        if self._identity and self._identity != identity_of(self.path):
            raise replaced(self.path)
        connection = open_file(self.path, *args, **options)
        problem: Exception | None = None
        try:
            prepare(connection)
        except sqlite3.Error as error:
            problem = error
        if connection.is_replaced:
            problem = replaced(self.path)
        if problem:
            connection.close()
            raise problem
        self._identity = connection.identity
        return connection

    @staticmethod
    def url_of(path: Path) -> str:
        """Return the URL of a file."""
        return URL.create("sqlite", database=str(path.absolute())).render_as_string()

    @staticmethod
    def check_backup(path: Path, *, quick: bool) -> None:
        """Refuse a file that is damaged or no backup."""
        copies.check_database(path, quick=quick)

    @staticmethod
    def make_one_file(path: Path) -> None:
        """Make a database that nobody has open a single file, which is on disk."""
        copies.make_one_file(path)

    def reader(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction reads one snapshot."""
        del limit, is_checked  # statements on a file have no time limit
        return self.sqlalchemy.connect()

    def streamer(self, *, is_checked: bool = False) -> Connection:
        """Open a reader that keeps few pages."""
        del is_checked
        return self._streams.connect()

    def writer(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection that takes the write lock at once, waiting for other processes."""
        del limit, is_checked
        return self.sqlalchemy.connect().execution_options(tollbook_write=True)

    def state(self, connection: Connection) -> DirectoryState:
        """Read the state, as the first statement of the transaction."""
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101  a transaction has begun on it
        row = driver.execute(_STATE).fetchone()
        return DirectoryState(*row) if row else DirectoryState("", 0)

    def close(self) -> None:
        """Close every connection."""
        self.sqlalchemy.dispose()

    def statement(self, sql: str) -> str:
        """Return a statement with the texts of ids in SQL that SQLite knows."""
        return with_texts_of_ids(sql)

    def run(self, driver: Driver, sql: str, parameters: Parameters) -> sqlite3.Cursor:
        """Run a statement; the driver knows parameters written `:name`."""
        if " IN :" in sql or "/* by " in sql or "id_text(" in sql:
            sql, parameters = _prepared(sql, parameters)
        cursor: sqlite3.Cursor = driver.execute(sql, parameters)
        return cursor

    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows in a single step."""
        names = ", ".join(f"c{n}" for n in range(width))
        sql, parameters = _prepared(sql, parameters)
        whole = f"WITH q({names}) AS ({sql}) SELECT json_group_array(json_array({names})) FROM q"
        return _rows.decode(driver.execute(whole, parameters).fetchone()[0])

    def columns(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[list[Any]]:
        """Read many rows in a single step; without an array for each row, it takes two thirds."""
        names = [f"c{n}" for n in range(width)]
        sql, parameters = _prepared(sql, parameters)
        arrays = ", ".join(f"json_group_array({name})" for name in names)
        whole = f"WITH q({', '.join(names)}) AS ({sql}) SELECT {arrays} FROM q"
        return [_column.decode(it) for it in driver.execute(whole, parameters).fetchone()]

    def insert(self, driver: Driver, sql: str, parameters: Parameters) -> int:
        """Run an INSERT without its RETURNING; return how many rows were stored.

        SQLite counts them exactly. To return them would take 0.8 microseconds for each row.
        """
        return self.run(driver, sql.rstrip().removesuffix("RETURNING 1"), parameters).rowcount

    def run_in_range(
        self, driver: Driver, statements: Sequence[str], parameters: Parameters
    ) -> int:
        """Run statements; one that fails leaves what those before it did."""
        for done, sql in enumerate(statements):
            try:
                driver.execute(sql, parameters)
            except sqlite3.Error as error:
                if is_sum_out_of_range(error):
                    return done
                raise
        return len(statements)

    def table_within(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row] | None:
        """Read many rows; None when a sum passes 64 bits."""
        try:
            return self.table(driver, sql, parameters, width)
        except sqlite3.Error as error:
            if is_sum_out_of_range(error):
                return None
            raise

    def stage(self, driver: Driver, rows: Sequence[Staged]) -> int:
        """Insert rows into the staging table."""
        driver.execute("DELETE FROM temp.staging")
        columns = width(rows)
        kinds = dict(islice(COLUMNS.items(), columns))
        self.bulk(driver, "temp.staging", kinds, stored_rows(rows, columns))
        return columns

    def bulk(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Iterable[Row]
    ) -> None:
        """Insert many rows, a power of two in each step.

        So a few statements fit any number of rows, and the driver keeps them compiled.
        """
        names = tuple(columns)
        most = 1 << (_MAX_VARIABLES // len(names)).bit_length() - 1
        rest = iter(rows)
        while batch := list(islice(rest, most)):
            start, size = 0, most
            while start < len(batch):
                while size > len(batch) - start:
                    size //= 2
                values = list(chain.from_iterable(batch[start : start + size]))
                driver.execute(_insert(table, names, size), values)
                start += size

    def flush_traces(self) -> bool:
        """Move the log into the file and empty it; return False when a reader still uses it.

        Writers wait meanwhile, so this waits for readers only as long as writers may wait.
        """
        with self.sqlalchemy.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101  it was just connected
            try:
                driver.execute(f"PRAGMA busy_timeout = {_WAIT_FOR_READERS_MS}")
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout = {WAIT_FOR_LOCK_MS}")
        return not is_busy

    def readable_files(self) -> list[Path]:
        """Return those of the database's files that others than their owner can read."""
        names = (
            self.path.name,
            *(f"{self.path.name}{it}" for it in (*self.companions, _SECRETS_SUFFIX)),
        )
        files = [self.path.with_name(name) for name in names]
        return [it for it in files if it.exists() and it.stat().st_mode & ~OWNER_ONLY & 0o777]

    def size_in_bytes(self) -> int:
        """Return the size of the file and its log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def back_up(self, backup: Backup) -> int | None:
        """Copy the file page by page, and prove the copy."""
        if not self.path.is_file():
            raise BackupRefused(f"there is no database at {self.path}")
        with copies.refuse_failures(backup.target):
            copies.check_kind(self.path)
            backup.require_schema()
            copies.copy_database(self.path, backup.target, backup.progress)
            copies.check_database(backup.target, quick=backup.quick)
            with closing(_engine_of(backup.target)) as copy:
                events = backup.prove(copy)
            copies.make_one_file(backup.target)
        return events

    def restore(self, restoration: Restoration) -> int:
        """Put a copy of the backup in the place of the file, while nobody else has it open."""
        path, source = self.path.resolve(), restoration.source
        if path.exists() and source.exists() and path.samefile(source):
            # A file that is opened and closed a second time loses its locks, too.
            raise BackupRefused(f"{source} is the database itself, and no backup of it")
        new = path.with_name(path.name + ".restoring")
        with copies.alone(path) as is_empty:
            copies.check_database(source, quick=restoration.quick)
            restoration.require_replaceable(is_empty=is_empty)
            with write_alone(new, self.companions), copies.refuse_failures(new):
                restoration.progress(0, 1)
                shutil.copyfile(source, new)
                with closing(_engine_of(new)) as copy:
                    events = restoration.finish(copy)
                copies.make_one_file(new)
                copies.put_in_place(new, path)
        return events


def _engine_of(path: Path) -> Sqlite:
    return Sqlite(URL.create("sqlite", database=str(path.absolute())))


@cache
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    places = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([places] * rows)}"


def _prepared(sql: str, parameters: Parameters) -> tuple[str, Parameters]:
    """Return a statement as SQLite knows it, and parameters with each list as `IN :name` reads it.

    A list is a JSON array. JSON has no bytes: a list of ids is all of them in a row, and the places
    of each in it.
    """
    bound: dict[str, Any] = {}
    of_ids: list[str] = []
    for name, value in parameters.items():
        if not isinstance(value, list):
            bound[name] = value
        elif value and isinstance(value[0], bytes):
            of_ids.append(name)
            bound[name] = b"".join(value)
            bound[f"{name}{_PLACES}"] = msgspec.json.encode(_places(value)).decode()
        else:
            bound[name] = msgspec.json.encode(value).decode()
    return _of_sqlite(sql, *of_ids), bound


def _places(ids: Sequence[bytes]) -> list[int]:
    """Return the place and the length of each id in all of them, as one number."""
    ends = accumulate(map(len, ids))
    return [(end - len(it) + 1) * _LONGEST + len(it) for it, end in zip(ids, ends, strict=True)]


@cache
def _of_sqlite(sql: str, *of_ids: str) -> str:
    """Return a statement in which `IN :name` reads an array, and `by_index` is obeyed.

    `of_ids` are the names of lists of ids.
    """
    for name in of_ids:
        sql = re.sub(rf"\bIN :{name}\b", _IN_IDS.format(name=name), sql)
    lists = _IN_LIST.sub(r"IN (SELECT value FROM json_each(:\1))", sql)
    return _BY_INDEX.sub(r"INDEXED BY \1", with_texts_of_ids(lists))


def _refuse_replaced(connection: OpenedFile, _record: object, _proxy: object) -> None:
    """Raise `StoreUnavailable` when the file was replaced."""
    if connection.is_replaced:
        raise replaced(connection.path)


def _begin(connection: Connection) -> None:
    """Begin a transaction; one that writes checks its file again, because it may have waited.

    The driver begins it: SQLAlchemy would take as long for that as for the rest of the transaction.
    """
    writes = connection.get_execution_options().get("tollbook_write")
    opened = connection.connection.driver_connection
    assert isinstance(opened, OpenedFile)  # noqa: S101  `_open` makes no others
    opened.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    if writes and opened.is_replaced:
        raise replaced(opened.path)
