"""`clients/conformance.json`: current, complete, and true of the server."""

import json
import re

from tests.api.test_openapi import operations
from tests.conformance.document import PATH, as_text

TABLE = json.loads(PATH.read_text())


def test_the_table_is_what_the_server_answers() -> None:
    assert PATH.read_text() == as_text()


def test_names_are_unique() -> None:
    names = [case["name"] for case in TABLE["cases"]]
    assert len(names) == len(set(names))


def test_every_documented_error_code_has_a_case() -> None:
    documented = {
        code
        for _, operation in operations()
        for status, answer in operation["responses"].items()
        if status >= "400"
        for code in answer["content"]["application/json"].get("examples", {})
    }
    tried = {case["expect"].get("error", {}).get("code") for case in TABLE["cases"]}
    assert documented <= tried


def test_every_result_for_an_event_has_a_case() -> None:
    bodies = [
        json.loads(exchange["response"]["body"])
        for case in TABLE["cases"]
        if case["name"] == "all five results in one answer"
        for exchange in case["exchanges"]
    ]
    found = [receipt["status"] for body in bodies for receipt in body["receipts"]]
    assert sorted(found) == ["accepted", "conflict", "duplicate", "quarantined", "rejected"]


def test_no_key_of_the_server_is_in_the_table() -> None:
    text = PATH.read_text().replace(TABLE["api_key"], "").replace("tb_000000000000", "")
    examples = {"tb_0123456789ab"}
    assert set(re.findall("tb_[0-9a-f]+_?", text)) == examples
