"""Messages that are call or message records in JSON, decoded by a saved mapping."""

import io
from collections.abc import Iterator

from tollbook.brokers.transport import Message
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.errors import Problem, UnreadableBody, UnsupportedBody
from tollbook.domain.meters import Meter
from tollbook.domain.receipts import Receipt, rejected
from tollbook.ingest.decode import (
    MOST_EVENTS,
    Decoded,
    Decoder,
    decode_numbered,
    too_many,
)
from tollbook.records.convert import Converter, TermsReader
from tollbook.records.formats import reader_of
from tollbook.records.mapping import Mapping
from tollbook.records.options import ConversionOptions
from tollbook.records.row_ids import KnownHashes
from tollbook.records.rows import IdenticalRow, RecordRow, RefusedRow, SkippedRow, SourceRefused
from tollbook.records.source import RecordSource

_JSON = "json"


class RecordBodies:
    """Converts the records of messages to events of an organization, or of those they name.

    Raise `SourceRefused` when the mapping cannot read messages.
    """

    def __init__(self, mapping: Mapping, organization: str | None, terms: TermsReader) -> None:
        self._mapping = mapping
        self._reader = reader_of(mapping)
        if _JSON not in self._reader.shapes:
            raise SourceRefused("--mapping must read JSON: records: json, or a format that is JSON")
        if organization is None and "organization_id" not in mapping.fields:
            raise SourceRefused(
                "name whose usage the records are: --organization, or fields.organization_id in "
                "the mapping"
            )
        self._catalog = BUILT_IN
        options = ConversionOptions(organization)
        self._converter = Converter(mapping, options, self._reader, terms, self._meter_of)
        # A message that comes again is a duplicate for the ledger, which knows what is stored.
        self._converter.hashes = KnownHashes(most=0)

    def decoder_of(self, message: Message) -> Decoder:
        """Return the decoder of a message; `UnsupportedBody` when its type is not JSON."""
        if message.content_type is not None and _JSON not in message.content_type.lower():
            raise UnsupportedBody("the content type of records must be application/json, or absent")
        return self._decode

    def _meter_of(self, type_: str) -> Meter | None:
        return self._catalog.by_type.get(type_)

    def _decode(self, body: bytes, catalog: Catalog) -> list[Decoded]:
        """Decode the records of a body: events first, then why others are none."""
        self._catalog = catalog
        rows = list(self._rows(body))
        if len(rows) > MOST_EVENTS:
            raise too_many("records", len(rows))
        events: list[tuple[int, bytes]] = []
        refused: list[RefusedRow] = []
        for row in rows:
            try:
                events.append((row.line, self._converter.convert(row).event))
            except (SkippedRow, IdenticalRow):
                continue
            except RefusedRow as error:
                refused.append(error)
            except SourceRefused as error:
                refused.append(RefusedRow("time", "timezone_required", str(error)))
        decoded = decode_numbered(events, catalog)
        return [*decoded, *(_receipt(len(decoded) + n, it) for n, it in enumerate(refused))]

    def _rows(self, body: bytes) -> Iterator[RecordRow]:
        source = RecordSource("", io.BytesIO(body), self._mapping, self._reader, is_finished=True)
        batches = self._reader.merged(source.batches(), source.is_ended)
        try:
            found = next(batches, None)
        except SourceRefused as error:
            raise UnreadableBody("the body is not JSON") from error
        if found is None and body.strip() != b"[]":
            raise UnreadableBody("the body has no record")
        yield from found or ()
        for batch in batches:
            yield from batch


def _receipt(index: int, refusal: RefusedRow) -> Receipt:
    return rejected(index, None, (Problem(refusal.field, refusal.code, refusal.sentence),))
