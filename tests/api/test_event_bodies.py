"""The body of POST /v1/events: sizes, encodings, and everything that is not JSON."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Tenant
from tests.builders import event

PATH = "/v1/events"
LINES = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}
MEBIBYTE = 1024 * 1024
DEPTHS = [*range(900, 1000), 100_000]


def text(**given: Any) -> str:
    return json.dumps(event(**given))


def with_number(number: str, place: str = "quantity") -> str:
    """Write an event with a number exactly as given, which no encoder would write."""
    given = {"attributes": {"n": "@"}} if place == "attributes" else {place: "@"}
    return text(**given).replace('"@"', number)


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["success"] is False
    return answer.status_code, answer.json()["code"]


def receipt_codes(answer: httpx.Response) -> list[str | None]:
    return [it.get("code") for it in answer.json()["receipts"]]


@pytest.mark.parametrize("body", [b"", b" ", b"\n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("headers", [{}, LINES])
def test_an_empty_body_is_refused(tenant: Tenant, body: bytes, headers: dict) -> None:
    answer = tenant.post(PATH, content=body, headers=headers)
    assert refused(answer) == (400, "unreadable_body")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", "it is incomplete (byte 1)"),
        (b'{"id": "a"', "it is incomplete (byte 10)"),
        (b"[{}, ", "it is incomplete (byte 5)"),
        (b"{}{}", "trailing characters"),
        (b"{'id': 1}", "byte 1"),
        (b'{"id": "\xff"}', "invalid UTF-8 (byte 8)"),
        (b'[{}, {"\xc3\x28": 1}]', "invalid UTF-8 (byte 7)"),
        (b'{"id": "\\ud800"}', "or it has half of a surrogate pair"),
        (b"nonsense", "byte"),
        (b"\x00", "byte"),
        (b"id=1&type=call", "byte"),
    ],
)
def test_a_body_that_is_not_json_says_where_it_breaks(
    tenant: Tenant, body: bytes, where: str
) -> None:
    answer = tenant.post(PATH, content=body)
    assert refused(answer) == (400, "unreadable_body")
    assert answer.json()["error"].startswith("the body is not JSON: ")
    assert where in answer.json()["error"]


def test_invalid_utf8_in_one_line_is_that_lines_problem(tenant: Tenant) -> None:
    body = text().encode() + b'\n{"id": "\xff"}\n'
    answer = tenant.post(PATH, content=body, headers=LINES)
    assert receipt_codes(answer) == [None, "unreadable_line"]
    assert answer.json()["receipts"][1]["error"] == "line 2 is not JSON: invalid UTF-8 (byte 8)"


@pytest.mark.parametrize("form", ["{}", "[{}]"])
def test_deep_nesting_is_refused_at_any_depth(tenant: Tenant, form: str) -> None:
    statuses = set()
    for depth in DEPTHS:
        body = form.replace("{}", with_number("[" * depth + "]" * depth, "attributes"))
        statuses.add(tenant.post(PATH, content=body).status_code)
    assert statuses <= {207, 400}


@pytest.mark.parametrize("body", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000])
def test_nothing_but_nesting_is_refused(tenant: Tenant, body: str) -> None:
    assert refused(tenant.post(PATH, content=body)) == (400, "unreadable_body")


def test_deep_nesting_in_one_line_is_that_lines_problem(tenant: Tenant) -> None:
    deep = with_number("[" * 100_000 + "]" * 100_000, "attributes")
    answer = tenant.post(PATH, content=f"{text()}\n{deep}\n", headers=LINES)
    assert receipt_codes(answer) == [None, "unreadable_line"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1e400", "out_of_range"),
        ("1e9999", "out_of_range"),
        ("1e99999", "not_a_number"),
        ('"1e400"', "out_of_range"),
        (str(10**40), "out_of_range"),
        ("1" * 64, "out_of_range"),
        ("1" * 65, "not_a_number"),
        ("1" * 5_000, "not_a_number"),
        ("1" * 100_000, "not_a_number"),
        ('"' + "1" * 100_000 + '"', "not_a_number"),
        ("0." + "1" * 5_000, "not_a_number"),
        ("1000000000.000001", "out_of_range"),
        ("1e-7", "too_many_decimals"),
        ("1e-400", "too_many_decimals"),
        ("-1", "negative"),
        ("-1e400", "negative"),
        ('"NaN"', "not_a_number"),
        ('"Infinity"', "not_a_number"),
        ('"0x10"', "not_a_number"),
        ('"1_000"', "not_a_number"),
        ('"\u0661"', "not_a_number"),
        ('" 1"', "not_a_number"),
        ('""', "not_a_number"),
        ("true", "not_a_number"),
        ("[]", "not_a_number"),
        ("{}", "not_a_number"),
        ("null", "missing_field"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "[{}]", "{}\n"])
def test_a_quantity_that_is_no_sound_number_is_rejected(
    tenant: Tenant, number: str, code: str, form: str
) -> None:
    headers = LINES if form.endswith("\n") else {}
    body = form.replace("{}", with_number(number), 1)
    answer = tenant.post(PATH, content=body, headers=headers)
    assert answer.status_code == 207, answer.text
    receipt = answer.json()["receipts"][0]
    assert (receipt["id"], receipt["field"], receipt["code"]) == ("call-1", "quantity", code)


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        ("1e28", ["out_of_range"]),
        ("1.7976931348623157e+308", ["out_of_range"]),
        ("-1.7976931348623157e+308", ["negative"]),
        ("1" * 40 + ".5", ["out_of_range", "not_whole"]),
        ("1.5", ["not_whole"]),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/v1/rate"])
def test_any_number_is_said_to_be_wrong_where_whole_ones_are_counted(
    tenant: Tenant, path: str, number: str, codes: list[str]
) -> None:
    body = with_number(number).replace("voice.call", "api.request")
    answer = tenant.post(path, content=f"[{body}]")
    assert answer.status_code == 207, answer.text
    (receipt,) = answer.json()["receipts" if path == PATH else "charges"]
    assert [(it["field"], it["code"]) for it in receipt["details"]] == [
        ("quantity", code) for code in codes
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", ".5", "5.", "+1", "0x1"])
def test_numbers_that_json_does_not_know_make_the_body_unreadable(
    tenant: Tenant, number: str
) -> None:
    answer = tenant.post(PATH, content=with_number(number))
    assert refused(answer) == (400, "unreadable_body")


@pytest.mark.parametrize("number", ["1e5", "1E+5", '"1e5"', "100000.000000", '"0100000"', "1e05"])
def test_a_quantity_has_many_spellings_on_the_wire(tenant: Tenant, number: str) -> None:
    body = with_number(number).replace("voice.call", "api.request")
    answer = tenant.post(PATH, content=body)
    taken = answer.json()["counts"]["accepted"]
    assert taken == (0 if number == '"0100000"' else 1)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (str(2**53 + 1), "out_of_range"),
        (str(10**40), "out_of_range"),
        ("1" * 5_000, "out_of_range"),
        ("1e400", "out_of_range"),
        ("-1e400", "out_of_range"),
    ],
)
def test_an_attribute_beyond_what_json_readers_agree_on_is_rejected_by_name(
    tenant: Tenant, number: str, code: str
) -> None:
    answer = tenant.post(PATH, content=with_number(number, "attributes"))
    assert answer.status_code == 207, answer.text
    receipt = answer.json()["receipts"][0]
    assert (receipt["field"], receipt["code"]) == ("attributes.n", code)


def test_a_cost_of_many_digits_is_rejected(tenant: Tenant) -> None:
    answer = tenant.post(PATH, content=with_number("1" * 5_000, "cost"))
    assert answer.status_code == 207, answer.text
    assert answer.json()["receipts"][0]["field"] == "cost"


def test_a_number_of_many_digits_in_an_unknown_field_is_that_fields_problem(
    tenant: Tenant,
) -> None:
    answer = tenant.post(PATH, content=with_number("1" * 5_000, "colour"))
    assert answer.status_code == 207, answer.text
    assert answer.json()["receipts"][0]["code"] == "unknown_field"


def test_gzip_is_unpacked(either: Tenant) -> None:
    body = gzip.compress(f"[{text()}, {text(id='2')}]".encode())
    answer = either.post(PATH, content=body, headers=GZIP)
    assert (answer.status_code, answer.json()["counts"]["accepted"]) == (200, 2)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_the_name_of_gzip_is_read_as_http_reads_it(tenant: Tenant, encoding: str) -> None:
    body = gzip.compress(text().encode())
    answer = tenant.post(PATH, content=body, headers={"Content-Encoding": encoding.strip()})
    assert answer.status_code == 200


def test_every_member_of_a_gzip_body_is_read(tenant: Tenant) -> None:
    body = gzip.compress(f"{text()}\n".encode()) + gzip.compress(f"{text(id='2')}\n".encode())
    answer = tenant.post(PATH, content=body, headers={**GZIP, **LINES})
    assert (answer.status_code, answer.json()["counts"]["accepted"]) == (200, 2)


def _flipped(body: bytes) -> bytes:
    return body[:10] + b"\xff" + body[11:]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (gzip.compress(text().encode())[:-1], ": it ends early"),
        (gzip.compress(text().encode())[:20], ": it ends early"),
        (gzip.compress(text().encode())[:1], ""),
        (gzip.compress(text().encode()) + b"more", ": it is damaged"),
        (_flipped(gzip.compress(text().encode())), ": it is damaged"),
        (zlib.compress(text().encode()), ""),
        (text().encode(), ""),
        (b"", None),
    ],
    ids=["no end", "half", "a byte", "more behind", "flipped", "zlib", "plain", "empty"],
)
def test_what_is_not_whole_gzip_is_refused_and_not_stored(
    tenant: Tenant, body: bytes, why: str | None
) -> None:
    answer = tenant.post(PATH, content=body, headers=GZIP)
    assert refused(answer) == (400, "unreadable_body")
    if why is not None:
        assert answer.json()["error"] == f"the body is not gzip{why}"
    assert tenant.post(PATH, content=text()).json()["counts"]["accepted"] == 1


def test_a_gzip_bomb_is_refused_before_it_fills_memory(tenant: Tenant) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b" " * MEBIBYTE) for _ in range(128)) + packer.flush()
    assert len(bomb) < MEBIBYTE
    answer = tenant.post(PATH, content=bomb, headers=GZIP)
    assert refused(answer) == (413, "body_too_large")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "x"])
def test_another_encoding_is_415(tenant: Tenant, encoding: str) -> None:
    answer = tenant.post(PATH, content=b"x", headers={"Content-Encoding": encoding})
    assert refused(answer) == (415, "unsupported_body")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_content_type_is_415(tenant: Tenant, media_type: str) -> None:
    answer = tenant.post(PATH, content=text(), headers={"Content-Type": media_type})
    assert refused(answer) == (415, "unsupported_body")
    assert "application/x-ndjson" in answer.json()["error"]


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", " application/json ;x=y"]
)
def test_a_content_type_is_read_without_its_parameters(tenant: Tenant, media_type: str) -> None:
    headers = {"Content-Type": media_type.strip()}
    assert tenant.post(PATH, content=text(), headers=headers).status_code == 200


def test_16_mebibytes_are_taken_and_a_byte_more_is_not(tenant: Tenant) -> None:
    most = text().encode().ljust(16 * MEBIBYTE)
    assert tenant.post(PATH, content=most).status_code == 200
    assert refused(tenant.post(PATH, content=most + b" ")) == (413, "body_too_large")


@pytest.mark.parametrize("headers", [{}, LINES])
def test_10000_events_are_taken_and_one_more_is_not(tenant: Tenant, headers: dict) -> None:
    def body(count: int) -> str:
        lines = [text(id=str(n)) for n in range(count)]
        return "\n".join(lines) if headers else f"[{','.join(lines)}]"

    refusal = tenant.post(PATH, content=body(10_001), headers=headers)
    assert refused(refusal) == (413, "body_too_large")
    answer = tenant.post(PATH, content=body(10_000), headers=headers)
    assert answer.json()["counts"]["accepted"] == 10_000
