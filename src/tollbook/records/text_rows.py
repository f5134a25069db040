"""Rows of text: a record a line, as in access logs."""

from collections.abc import Callable, Iterator

from tollbook.records.contents import LONGEST_RECORD, decode
from tollbook.records.csv_rows import BATCH, COMMENT, TOO_LONG
from tollbook.records.rows import RecordRow


class TextRows:
    """The rows of one file of text. `has_half_line` is as in `CsvRows`."""

    header = b""

    def __init__(self, encoding: str | None = None) -> None:
        self.has_half_line = False
        self._encoding = encoding

    def batches(
        self, lines: Iterator[tuple[bytes, int]], finished: Callable[[], bool], line: int = 1
    ) -> Iterator[list[RecordRow]]:
        """Yield the rows in batches; `finished` is asked after the last line."""
        batch: list[RecordRow] = []
        for number, (raw, end) in enumerate(lines, line):
            text = decode(raw, self._encoding).rstrip("\r\n")
            if not text.strip() or raw.startswith(COMMENT):
                continue
            if raw[-1:] != b"\n" and not finished():
                self.has_half_line = True
                break
            refusal = TOO_LONG if len(raw) > LONGEST_RECORD + 1 else None
            batch.append(RecordRow(number, end, raw, {}, (text,), refusal))
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
