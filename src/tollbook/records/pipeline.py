"""An import: from the batches of a source to events that are stored, and its report."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tollbook.domain.receipts import Receipt
from tollbook.records.convert import Converted, Converter
from tollbook.records.readers import Reader
from tollbook.records.refused_file import RefusedFile
from tollbook.records.report import CONVERTED, Report, refusal_of
from tollbook.records.rows import IdenticalRow, RecordRow, RefusedRow, SkippedRow
from tollbook.records.source import RecordSource

Store = Callable[[Sequence[bytes]], Sequence[Receipt]]
"""Stores events durably and returns their receipts; rejections only when nothing is stored."""
Refuse = Callable[[str, int, RefusedRow], None]
"""Receives the name of a source, a line, and why its row is refused."""


class NamedSource(Protocol):
    """What is refused of a source is named by its name, line, and the line of its header."""

    @property
    def name(self) -> str:
        """Return the name of the source."""

    @property
    def header(self) -> bytes:
        """Return the line of the header; empty when there is none."""


class Pipeline:
    """Converts and stores the rows of sources; `refuse` receives what is refused."""

    def __init__(
        self,
        converter: Converter,
        reader: Reader,
        store: Store,
        refuse: Refuse,
    ) -> None:
        self._converter = converter
        self._reader = reader
        self._store = store
        self._refused: RefusedFile | None = None
        self._refuse = refuse

    def refuse_to(self, refused: RefusedFile) -> None:
        """Write refused rows to a file, too."""
        self._refused = refused

    def run(self, source: RecordSource, report: Report) -> Iterator[int]:
        """Import a source and count its rows; yield the rows so far after each batch."""
        for rows in self._reader.merged(source.batches(), source.is_ended):
            self.add(source, rows, report)
            yield report.rows
        for _ in range(source.has_half_line + self._reader.left):
            report.add_half_line()

    def add(self, source: NamedSource, rows: Sequence[RecordRow], report: Report) -> None:
        """Convert and store a batch of rows durably, and count them."""
        converted: list[Converted] = []
        for row in rows:
            self._convert(source, row, converted, report)
        receipts = self._store([it.event for it in converted]) if converted else ()
        by_index = {it.index: it for it in receipts}
        for index, one in enumerate(converted):
            receipt = by_index.get(index)
            refusal = refusal_of(receipt) if receipt else None
            if refusal is not None:
                report.add_refused(refusal.code, one.seconds)
                self._note(source, one.row, refusal)
            else:
                report.add_event(one, receipt.status.value if receipt else CONVERTED)
        if self._refused is not None:
            self._refused.sync()
        if self._converter.hashes.is_full:
            report.identical = None

    def _convert(
        self, source: NamedSource, row: RecordRow, converted: list[Converted], report: Report
    ) -> None:
        report.merged += row.parts - 1
        try:
            converted.append(self._converter.convert(row))
        except SkippedRow as skipped:
            report.add_skipped(skipped.reason, self._converter.seconds_of(row))
        except IdenticalRow:
            if report.identical is not None:
                report.identical += 1
        except RefusedRow as refusal:
            report.add_refused(refusal.code, self._converter.seconds_of(row))
            self._note(source, row, refusal)

    def _note(self, source: NamedSource, row: RecordRow, refusal: RefusedRow) -> None:
        self._refuse(source.name, row.line, refusal)
        if self._refused is not None:
            self._refused.add(source.name, source.header, row.line, refusal, row.raw)
