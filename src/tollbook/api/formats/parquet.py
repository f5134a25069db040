"""Parquet through pyarrow, which is imported when someone asks for it.

Amounts are decimals with 9 places and quantities with 6, exact; days are dates, instants UTC.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any

from tollbook.analytics.tables import ColumnKind, Table
from tollbook.api.formats.cells import TextCache, chunks, writer_of
from tollbook.domain.errors import FormatNotInstalled, TollbookError
from tollbook.domain.exact import COST_PLACES, QUANTITY_PLACES, minutes_text
from tollbook.domain.periods import day_of

_ROWS_IN_GROUP = 25_000
"""A group is held in memory until it is written."""
_DIGITS = 38
_EXACT = Context(prec=_DIGITS)
_EPOCH = 719_163
"""The ordinal of 1970-01-01."""

Array = Any
Build = Callable[[Sequence[Any]], Array]


def require_pyarrow() -> Any:
    """Return pyarrow; `FormatNotInstalled` says how to install it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        sentence = "Parquet needs pyarrow, which is not installed here: pip install "
        raise FormatNotInstalled(f"{sentence}'pyarrow>=22'") from error
    return pyarrow


def parquet_bytes(table: Table) -> Iterator[bytes]:
    """Write a file, a group of rows at a time."""
    pa = require_pyarrow()
    sink = _Sink()
    types, builders = zip(*(_column(pa, it.kind) for it in table.file_columns), strict=True)
    schema = pa.schema(zip((it.name for it in table.file_columns), types, strict=True))
    with pa.parquet.ParquetWriter(sink, schema, compression="snappy") as writer:
        waiting: list[Any] = []
        for columns in chunks(table):
            arrays = [build(it) for build, it in zip(builders, columns, strict=True)]
            waiting.append(pa.record_batch(arrays, schema=schema))
            if sum(batch.num_rows for batch in waiting) >= _ROWS_IN_GROUP:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
                yield sink.take()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
    yield sink.take()


def parquet_error(_error: TollbookError) -> bytes:
    """Write nothing: no reader opens a file without the footer, which is its end."""
    return b""


class _Sink:
    """A file that is read while it is written."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, some: Any) -> int:
        self._written.append(bytes(some))
        return len(self._written[-1])

    def take(self) -> bytes:
        """Return the bytes that were written since the last call."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken

    def flush(self) -> None:
        """Do nothing: the bytes are read at once."""

    def close(self) -> None:
        """Do nothing: what is left is taken afterwards."""


def _column(pa: Any, kind: ColumnKind) -> tuple[Any, Build]:
    """Return the type of a column, and the function that makes an array of its values."""
    if kind is ColumnKind.AMOUNT:
        return _decimal(pa, COST_PLACES)
    if kind is ColumnKind.QUANTITY:
        return _decimal(pa, QUANTITY_PLACES)
    if kind is ColumnKind.MINUTES:
        return _minutes(pa)
    if kind is ColumnKind.DAY:
        days = TextCache[int | None](lambda it: day_of(it).toordinal() - _EPOCH, None)
        return pa.date32(), lambda it: pa.array(days.column(it), pa.int32()).view(pa.date32())
    if kind is ColumnKind.INSTANT:
        instant = pa.timestamp("us", tz="UTC")
        return instant, lambda it: pa.array(it, pa.int64()).view(instant)
    if kind is ColumnKind.COUNT:
        return pa.int64(), lambda it: pa.array(it, pa.int64())
    if kind is ColumnKind.SHARE:
        return pa.float64(), lambda it: pa.array(it, pa.float64())
    if kind is ColumnKind.FLAG:
        return pa.bool_(), lambda it: pa.array(it, pa.bool_())
    texts = TextCache[str | None](writer_of(kind), None)
    known = kind in (ColumnKind.METER, ColumnKind.UNIT)
    return pa.string(), lambda it: pa.array(texts.column(it) if known else it, pa.string())


def _decimal(pa: Any, places: int) -> tuple[Any, Build]:
    """Return integers as decimals with the given places: the same bits as another type."""
    decimal = pa.decimal128(_DIGITS, places)

    def build(values: Sequence[int | None]) -> Array:
        try:
            narrow = pa.array(values, pa.int64())
        except OverflowError:  # a sum that passes 64 bits
            return pa.array([it and Decimal(it).scaleb(-places, _EXACT) for it in values], decimal)
        whole = narrow.cast(pa.decimal128(_DIGITS, 0))
        return pa.Array.from_buffers(decimal, len(whole), whole.buffers(), whole.null_count)

    return decimal, build


def _minutes(pa: Any) -> tuple[Any, Build]:
    decimal = pa.decimal128(_DIGITS, COST_PLACES)
    minutes = TextCache[Decimal | None](lambda it: Decimal(minutes_text(it)), None)
    return decimal, lambda it: pa.array(minutes.column(it), decimal)
