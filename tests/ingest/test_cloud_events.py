"""CloudEvents 1.0 as events: what each member becomes, and every problem by its name."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Json
from tollbook.domain.catalog import Catalog
from tollbook.domain.cloud_events import build_id, split_id
from tollbook.domain.errors import UnreadableBody, UnsupportedBody
from tollbook.ingest.cloud_attributes import Header, http_headers
from tollbook.ingest.content_types import find_decoder
from tollbook.ingest.decode import Decoded, InvalidEvent, decode_json, decode_lines
from tollbook.ingest.normalize import NormalizedEvent

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def cloud_event(**given: Any) -> Json:
    """A call of 61 seconds as a CloudEvent; `...` takes a member away."""
    usual = {
        "specversion": "1.0",
        "id": "call-1",
        "source": "/switch/1",
        "type": "voice.call",
        "subject": "user_1",
        "time": "2024-01-15T10:30:00Z",
        "organizationid": "org_1",
        "data": {"quantity": 61, "attributes": {"to": "+14155550100"}},
    }
    return {name: value for name, value in {**usual, **given}.items() if value is not ...}


def decode(
    body: bytes,
    content_type: str | None = STRUCTURED,
    headers: list[Header] | None = None,
    **event_types: str,
) -> list[Decoded]:
    names = {name.replace("_", "."): meter for name, meter in event_types.items()}
    return find_decoder(content_type, headers or [])(body, Catalog((), names))


def read(**given: Any) -> Decoded:
    (decoded,) = decode(msgspec.json.encode(cloud_event(**given)))
    return decoded


def read_binary(data: bytes, content_type: str | None = None, **attributes: Any) -> Decoded:
    members = cloud_event(**attributes, data=...)
    headers = [(f"ce-{name}".encode(), str(value).encode()) for name, value in members.items()]
    (decoded,) = decode(data, content_type, http_headers(headers))
    return decoded


def valid(decoded: Decoded) -> NormalizedEvent:
    assert isinstance(decoded, NormalizedEvent), decoded
    return decoded


def problems(decoded: Decoded) -> list[tuple[str, str]]:
    assert isinstance(decoded, InvalidEvent), decoded
    return [(it.field, it.code) for it in decoded.problems]


def test_every_part_of_a_cloud_event_becomes_its_field() -> None:
    data = {
        "quantity": "61.5",
        "resource_id": "trunk 1",
        "attributes": {"to": "+14155550100"},
        "cost": "0.25",
    }
    it = valid(read(data=data))
    assert (it.event.id, it.event.type) == ("ce:/switch/1|call-1", "voice.call")
    assert (it.event.organization_id, it.event.user_id) == ("org_1", "user_1")
    assert (it.event.resource_id, it.quantity, it.cost) == ("trunk 1", 61_500_000, 250_000_000)
    assert it.time == 1_705_314_600_000_000
    assert it.event.attributes == {"to": "+14155550100"}


def test_data_names_organization_user_and_time() -> None:
    data = {
        "organization_id": "org_2",
        "user_id": "u",
        "time": "2024-02-01T00:00:00Z",
        "quantity": 1,
    }
    it = valid(read(organizationid=..., subject=..., data=data))
    assert (it.event.organization_id, it.event.user_id) == ("org_2", "u")
    assert it.time == 1_706_745_600_000_000


def test_the_time_of_the_data_is_that_of_the_event() -> None:
    data = {"time": "2024-02-01T00:00:00Z", "quantity": 1}
    assert valid(read(data=data)).time == 1_706_745_600_000_000


def test_without_subject_usage_is_of_the_organization() -> None:
    assert valid(read(subject=...)).event.user_id is None


@pytest.mark.parametrize("null", [True, False])
def test_data_may_be_absent_or_null(null: bool) -> None:
    it = valid(read(type="api.request", data=None if null else ...))
    assert it.quantity == 1_000_000


def test_unknown_extensions_change_nothing() -> None:
    first, again = (
        read(traceparent="00-a"),
        read(traceparent="00-b", partitionkey="x", dataschema="y"),
    )
    assert valid(first).fingerprint == valid(again).fingerprint == valid(read()).fingerprint


def test_an_integer_extension_is_its_text() -> None:
    assert valid(read(organizationid=42)).event.organization_id == "42"
    assert valid(read(sampledrate=1)).event.organization_id == "org_1"
    assert valid(read(sampledrate="1")).event.organization_id == "org_1"


def test_a_mapped_type_is_its_meter() -> None:
    body = msgspec.json.encode(cloud_event(type="call.ended"))
    (it,) = decode(body, call_ended="voice.call")
    assert valid(it).event.type == "voice.call"
    (refused,) = decode(body)
    assert problems(refused) == [("type", "unknown_type")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"specversion": "0.3"}, [("specversion", "unsupported_specversion")]),
        ({"specversion": 1.0}, [("specversion", "not_a_string")]),
        ({"specversion": None}, [("specversion", "missing_field")]),
        ({"id": ...}, [("id", "missing_field")]),
        ({"id": 7}, [("id", "not_a_string")]),
        ({"id": ""}, [("id", "empty")]),
        ({"source": None}, [("source", "missing_field")]),
        ({"source": "s" * 250}, [("id", "too_long")]),
        ({"source": "a\nb"}, [("id", "control_characters")]),
        ({"type": ...}, [("type", "missing_field")]),
        ({"type": "nothing"}, [("type", "unknown_type")]),
        ({"time": ...}, [("time", "missing_field")]),
        ({"time": "today"}, [("time", "invalid_time")]),
        ({"subject": ""}, [("subject", "empty")]),
        ({"subject": 7}, [("subject", "not_a_string")]),
        ({"organizationid": ...}, [("organizationid", "missing_field")]),
        ({"organizationid": ""}, [("organizationid", "empty")]),
        ({"organizationid": 1.5}, [("organizationid", "not_a_string")]),
        ({"data": [1]}, [("data", "not_an_object")]),
        ({"data": {"quantity": -1}}, [("data.quantity", "negative")]),
        ({"data": {"quantity": 1, "id": "x"}}, [("data.id", "unknown_field")]),
        ({"data": {"quantity": 1, "user_id": "u"}}, [("data.user_id", "user_mismatch")]),
        (
            {"data": {"quantity": 1, "organization_id": "o"}},
            [("data.organization_id", "organization_mismatch")],
        ),
        (
            {"data": {"quantity": 1, "attributes": {"to": [1]}}},
            [("data.attributes.to", "nested")],
        ),
        ({"data": {"quantity": 1, "time": 5}}, [("data.time", "time_is_epoch")]),
        ({"data": {"quantity": 1, "cost": None}}, [("data.cost", "cost_null")]),
        (
            {"datacontenttype": "text/xml"},
            [("data", "data_not_json")],
        ),
        ({"data_base64": "e30="}, [("data_base64", "invalid_data")]),
        ({"sampledrate": 10}, [("sampledrate", "sampled")]),
        ({"user_id": "u"}, [("user_id", "invalid_name")]),
        (
            {"type": "api.request", "data": ..., "dataref": "https://x"},
            [("dataref", "data_elsewhere")],
        ),
    ],
)
def test_a_problem_has_the_name_of_the_cloud_event(given: Json, expected: list[Any]) -> None:
    found = problems(read(**given))
    assert found == expected


def test_all_problems_come_at_once() -> None:
    refused = read(specversion="2", source=..., time=..., subject="", data={"quantity": -1, "x": 1})
    assert {field for field, _ in problems(refused)} == {
        *("specversion", "source", "time", "subject", "data.quantity", "data.x")
    }


def test_sentences_have_the_name_too() -> None:
    refused = read(data={"quantity": -1})
    assert isinstance(refused, InvalidEvent)
    assert refused.problems[0].error == "data.quantity must not be negative"


def test_the_event_is_one_in_every_mode() -> None:
    plain = {"quantity": 61, "attributes": {"to": "+14155550100"}}
    packed = base64.b64encode(msgspec.json.encode(plain)).decode()
    data = msgspec.json.encode(plain)
    whole = msgspec.json.encode(cloud_event())
    modes = [
        read(),
        read(data=..., data_base64=packed, datacontenttype="application/json"),
        read(datacontenttype="application/vnd.calls+json; charset=utf-8"),
        read_binary(data),
        read_binary(data, "application/json"),
        decode(b"[" + whole + b"]", BATCH)[0],
        decode_json(whole)[0],
        decode_json(b"[" + whole + b"]")[0],
        decode_lines(whole + b"\n")[0],
    ]
    assert len({(valid(it).event.id, valid(it).fingerprint) for it in modes}) == 1


def test_plain_events_and_cloud_events_may_be_mixed() -> None:
    plain = {
        "id": "p",
        "type": "api.request",
        "organization_id": "o",
        "time": "2024-01-15T10:30:00Z",
    }
    body = msgspec.json.encode([plain, cloud_event(), plain | {"id": "q"}])
    found = [valid(it).event.id for it in decode_json(body)]
    assert found == ["p", "ce:/switch/1|call-1", "q"]


@pytest.mark.parametrize("content_type", [None, "application/json", "application/problem+json"])
def test_binary_mode_without_body_has_no_data(content_type: str | None) -> None:
    it = valid(read_binary(b"", content_type, type="api.request"))
    assert it.quantity == 1_000_000


def test_header_values_are_unquoted_and_decoded_once() -> None:
    it = valid(read_binary(b'{"quantity": 1}', source='"/caf%C3%A9\\"%2525"'))
    assert it.event.id == 'ce:/café"%25|call-1'
    raw = valid(read_binary(b'{"quantity": 1}', source="/café"))
    assert raw.event.id == "ce:/café|call-1"


def test_a_header_that_is_not_utf_8_is_refused() -> None:
    found = problems(read_binary(b'{"quantity": 1}', source="%ff"))
    assert found == [("source", "invalid_utf8")]


def test_a_header_that_comes_twice_is_refused() -> None:
    members = cloud_event(data=...)
    headers = [(name, str(value).encode()) for name, value in members.items()]
    (decoded,) = decode(b'{"quantity": 1}', None, [*headers, ("subject", b"user_2")])
    assert problems(decoded) == [("subject", "repeated_field")]


@pytest.mark.parametrize("name", ["id", "source", "type"])
def test_binary_mode_needs_a_version(name: str) -> None:
    (decoded,) = decode(b"{}", None, [(name, b"x")])
    assert ("specversion", "missing_field") in problems(decoded)


def test_other_ce_headers_do_not_make_a_cloud_event() -> None:
    (it,) = decode(msgspec.json.encode(cloud_event()), "application/json", [("tracing", b"x")])
    assert valid(it).event.id == "ce:/switch/1|call-1"


def test_binary_data_of_another_type_is_refused() -> None:
    found = problems(read_binary(b"quantity=61", "application/x-www-form-urlencoded"))
    assert found[0] == ("data", "data_not_json")


def test_the_content_type_decides_before_headers() -> None:
    headers = [("specversion", b"1.0"), ("id", b"another")]
    (it,) = decode(msgspec.json.encode(cloud_event()), STRUCTURED, headers)
    assert valid(it).event.id == "ce:/switch/1|call-1"


def test_another_format_of_cloud_events_is_unsupported() -> None:
    for content_type in ("application/cloudevents+avro", "application/cloudevents"):
        with pytest.raises(UnsupportedBody):
            find_decoder(content_type, [])


def test_a_batch_must_be_an_array_of_cloud_events() -> None:
    with pytest.raises(UnreadableBody):
        decode(b"{}", BATCH)
    assert decode(b"[]", BATCH) == []
    assert ("specversion", "missing_field") in problems(decode(b"[{}]", BATCH)[0])


@pytest.mark.parametrize("read_body", [decode_json, decode_lines])
def test_a_byte_order_mark_costs_no_event(read_body: Any) -> None:
    body = b"\xef\xbb\xbf" + msgspec.json.encode(cloud_event())
    assert valid(read_body(body)[0]).event.id == "ce:/switch/1|call-1"


@given(source=st.text(alphabet="ab~|01/:é ", min_size=1), identity=st.text(min_size=1))
def test_an_id_shows_its_source_and_id(source: str, identity: str) -> None:
    assert split_id(build_id(source, identity)) == (source, identity)


@given(
    st.tuples(st.text(alphabet="a~|0"), st.text(alphabet="a~|0")),
    st.tuples(st.text(alphabet="a~|0"), st.text(alphabet="a~|0")),
)
def test_no_two_events_have_one_id(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (build_id(*first) == build_id(*second)) == (first == second)


def test_a_plain_id_has_no_source() -> None:
    assert split_id("call-1") is None
    assert split_id("ce:call-1") is None
