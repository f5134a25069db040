"""Messages that are call records in JSON: what becomes an event, a dead letter, and neither."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.conftest import Ledger
from tests.brokers.streams import Stream
from tests.brokers.test_parts import message
from tollbook.brokers.record_bodies import RecordBodies
from tollbook.domain.catalog import BUILT_IN
from tollbook.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody
from tollbook.domain.receipts import Receipt
from tollbook.ingest.decode import Decoded
from tollbook.ingest.normalize import NormalizedEvent
from tollbook.records.convert import OrganizationTerms
from tollbook.records.mapping_file import read_mapping
from tollbook.records.rows import SourceRefused

MAPPING = """
tollbook_mapping: 1
id_prefix: pbx
records: json
lists: [calls]
skip: {unanswered: {status: [BUSY]}}
id: [call.id]
time: answered
quantity: seconds
fields: {to: to, from: from, user_id: user}
numbers: {country: GB}
"""


def record(identity: str, **fields: Any) -> dict[str, Any]:
    usual = {"answered": "2024-06-15T09:00:05Z", "seconds": 61, "to": "02079460100", "user": "u1"}
    return {"call": {"id": identity}, **usual, **fields}


def bodies(mapping: str = MAPPING, organization: str | None = "org_1") -> RecordBodies:
    terms = OrganizationTerms("strict")
    return RecordBodies(read_mapping(mapping), organization, lambda _organization: terms)


def decoded(content: Any, records: RecordBodies | None = None) -> list[Decoded]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return (records or bodies()).decoder_of(message())(body, BUILT_IN)


def ids(found: list[Decoded]) -> list[str | None]:
    return [it.event.id if isinstance(it, NormalizedEvent) else it.id for it in found]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (record("a"), ["pbx:a"]),
        ([record("a"), record("b")], ["pbx:a", "pbx:b"]),
        ({"calls": [record("a"), record("b")]}, ["pbx:a", "pbx:b"]),
        (b"%b\n%b" % (json.dumps(record("a")).encode(), json.dumps(record("b")).encode()), 2),
        ([record("a", status="BUSY"), record("b")], ["pbx:b"]),
        (record("a", status="BUSY"), []),
        ([], []),
    ],
)
def test_a_body_has_one_record_or_several(content: Any, expected: Any) -> None:
    found = decoded(content)
    assert (len(found) if isinstance(expected, int) else ids(found)) == expected
    assert [it.index for it in found] == list(range(len(found)))


def test_a_record_that_cannot_be_read_is_a_receipt_with_its_field() -> None:
    event, *others = decoded(
        [
            record("a", to="not a number"),
            record("b"),
            record("c", seconds="x"),
            record("d", answered="2024-06-15 09:00:05"),
        ]
    )
    assert ids([event]) == ["pbx:b"]
    receipts = [it for it in others if isinstance(it, Receipt)]
    assert [(it.index, it.field, it.code) for it in receipts] == [
        (1, "to", "invalid_number"),
        (2, "quantity", "invalid_quantity"),
        (3, "time", "timezone_required"),
    ]


def test_records_without_ids_are_the_same_event_whenever_they_come() -> None:
    records = bodies(MAPPING.replace("id: [call.id]", "id: row"))
    first, again = (decoded(record("a"), records) for _ in range(2))
    assert ids(first) == ids(again)
    assert len(first) == 1


@pytest.mark.parametrize("body", [b"", b"{broken", b"x", b"{}{", b"[1"])
def test_a_body_without_records_is_unreadable_or_refused(body: bytes) -> None:
    try:
        found = decoded(body)
    except UnreadableBody:
        return
    assert found
    assert all(isinstance(it, Receipt) for it in found)


def test_limits_and_types_are_those_of_events() -> None:
    with pytest.raises(BodyTooLarge, match="10000 records"):
        decoded([record(str(it)) for it in range(10_001)])
    for type_ in ("application/json; charset=utf-8", "application/x-ndjson", None):
        assert bodies().decoder_of(message(content_type=type_))
    with pytest.raises(UnsupportedBody):
        bodies().decoder_of(message(content_type="text/csv"))


@pytest.mark.parametrize(
    ("mapping", "organization", "sentence"),
    [
        (MAPPING.replace("records: json", "records: csv"), "org_1", "must read JSON"),
        (MAPPING, None, "--organization"),
    ],
)
def test_a_mapping_that_cannot_read_messages_is_refused(
    mapping: str, organization: str | None, sentence: str
) -> None:
    with pytest.raises(SourceRefused, match=sentence):
        bodies(mapping, organization)


def test_a_mapping_may_name_the_organization() -> None:
    records = bodies(MAPPING.replace("user_id:", "organization_id: tenant, user_id:"), None)
    (event,) = decoded(record("a", tenant="org_2"), records)
    assert isinstance(event, NormalizedEvent)
    assert event.event.organization_id == "org_2"


def test_records_of_a_stream_are_stored_and_others_are_dead_letters(
    ledger: Ledger, stream: Stream, tmp_path: Path
) -> None:
    mapping = tmp_path / "pbx.yaml"
    mapping.write_text(MAPPING)
    stream.publish(
        (json.dumps(record("a")).encode(), {}),
        (json.dumps([record("b"), record("c", status="BUSY")]).encode(), {}),
        (json.dumps([record("d"), record("e", to="?")]).encode(), {}),
        (json.dumps(record("a")).encode(), {}),
        (b"a,b", {"Content-Type": "text/csv"}),
    )
    options = ("--create", "--stop-when-empty", "--mapping", str(mapping))
    consuming = ledger.consuming(stream.url, *options, "--organization", "org_1")
    assert consuming.run() == 0, consuming.errors
    assert ledger.ids() == ["pbx:a", "pbx:b", "pbx:d"]
    codes = {it.headers["tollbook-code"] for it in stream.dead()}
    assert codes == {"invalid_number", "unsupported_body"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--organization", "org_1"), "--organization needs --mapping"),
        (("--mapping", "MAPPING"), "--organization, or fields.organization_id"),
        (("--mapping", "WRONG"), "line 12"),
    ],
)
def test_options_that_do_not_fit_do_not_start(
    ledger: Ledger, stream: Stream, tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    files = {"MAPPING": MAPPING, "WRONG": MAPPING + "unknown: 1\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given = [str(tmp_path / it) if it in files else it for it in options]
    consuming = ledger.consuming(stream.url, "--create", *given)
    assert consuming.run() == 2
    assert problem in consuming.errors
