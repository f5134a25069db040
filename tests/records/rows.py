"""Reading rows in tests, and the samples with their events."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tollbook.domain.numbers import STRICT
from tollbook.records.convert import Converter, OrganizationTerms
from tollbook.records.formats import mapping_of, reader_of
from tollbook.records.mapping import Mapping
from tollbook.records.options import ConversionOptions, MappingChanges
from tollbook.records.rows import IdenticalRow, RefusedRow, SkippedRow
from tollbook.records.source import RecordSource

SAMPLES = Path(__file__).parent / "samples"


class Read:
    """What became of the rows of a content: events, and by line why others are none."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.skipped: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        self.identical: list[int] = []
        self.has_half_line = False

    @property
    def ids(self) -> list[str]:
        return [it["id"] for it in self.events]


def read(
    content: str | bytes,
    format_: str,
    *,
    is_finished: bool = True,
    number_format: str = STRICT,
    mapping: Mapping | None = None,
    conversion: ConversionOptions | None = None,
    currency: str | None = None,
    **changes: Any,
) -> Read:
    """Convert a content by a named format, with what options change of it."""
    mapping = mapping or mapping_of(format_, MappingChanges(**changes))
    reader = reader_of(mapping)
    terms = OrganizationTerms(number_format, currency)
    converter = Converter(
        mapping, conversion or ConversionOptions("org_1"), reader, lambda _organization: terms
    )
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    source = RecordSource("source", file, mapping, reader, is_finished=is_finished)
    found = Read()
    for row in (row for batch in reader.merged(source.batches(), source.is_ended) for row in batch):
        try:
            found.events.append(msgspec.json.decode(converter.convert(row).event))
        except SkippedRow as skipped:
            found.skipped[row.line] = skipped.reason
        except RefusedRow as refusal:
            found.refused[row.line] = refusal.code
        except IdenticalRow:
            found.identical.append(row.line)
    found.has_half_line = source.has_half_line
    return found


def expected(name: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a sample."""
    for line in (SAMPLES / f"{name}.expected.ndjson").read_bytes().splitlines():
        yield msgspec.json.decode(line)
