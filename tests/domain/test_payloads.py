"""What endpoints get: the same bytes each time, signed, and short messages for chats."""

import base64
import hashlib
import hmac
import json

import msgspec
import pytest

from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.payloads import (
    StoredNotification,
    chat_body,
    line_of,
    timestamp,
    webhook_body,
    webhook_headers,
)

NOON = 1_705_320_000_000_000
"""2024-01-15T12:00:00Z."""


def stored(data: str = '{"value":1}', **given: object) -> StoredNotification:
    usual: dict[str, object] = {
        "tenant": "demo",
        "number": 7,
        "id": "ntf_a",
        "type": "trigger.reached",
        "at": NOON,
    }
    return StoredNotification(**{**usual, **given}, data=data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (NOON, "2024-01-15T12:00:00.000Z"),
        (NOON + 999, "2024-01-15T12:00:00.000Z"),
        (NOON + 1_000, "2024-01-15T12:00:00.001Z"),
        (NOON + 999_999, "2024-01-15T12:00:00.999Z"),
        (1_709_164_800_050_000, "2024-02-29T00:00:00.050Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_has_milliseconds_that_are_cut_off(at: int, text: str) -> None:
    assert timestamp(at) == text


def test_a_body_has_the_fields_of_standard_webhooks_and_the_data_as_it_is_stored() -> None:
    body = webhook_body(stored('{"value":12.30,"name":"Zoë"}'))
    assert body.endswith(',"data":{"value":12.30,"name":"Zoë"}}'.encode())
    assert json.loads(body) == {
        "id": "ntf_a",
        "type": "trigger.reached",
        "timestamp": "2024-01-15T12:00:00.000Z",
        "tenant_id": "demo",
        "data": {"value": 12.3, "name": "Zoë"},
    }


def test_a_body_does_not_depend_on_when_it_was_written() -> None:
    assert webhook_body(stored(written_at=5, number=8)) == webhook_body(stored())


def _signature(secret: str, seconds: int, body: bytes) -> str:
    """Sign as https://www.standardwebhooks.com describes it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"ntf_a.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_each_secret_signs_the_id_the_second_and_the_body(count: int) -> None:
    secrets = [f"whsec_{base64.b64encode(bytes([it]) * 32).decode()}" for it in range(count)]
    it, body = stored(), webhook_body(stored())
    headers = webhook_headers(it, 42, secrets, body, NOON + 999_999)
    assert headers == {
        "webhook-id": "ntf_a",
        "webhook-timestamp": "1705320000",
        "webhook-signature": " ".join(_signature(it, 1_705_320_000, body) for it in secrets),
        "tollbook-sequence": "42",
    }


def test_a_signature_is_of_this_body_and_this_second() -> None:
    secret = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    body = webhook_body(stored())
    signatures = {
        webhook_headers(stored(), 1, [secret], content, now)["webhook-signature"]
        for content, now in [(body, NOON), (body + b" ", NOON), (body, NOON + 1_000_000)]
    }
    assert len(signatures) == 3


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("{}", ""),
        ('{"value":1.5,"name":"a"}', "value 1.5, name a"),
        ('{"user":null,"ended":false,"value":0,"note":""}', "ended False, value 0, note "),
        ('{"period":{"kind":"day"},"ids":["a"],"value":1}', "value 1"),
    ],
)
def test_a_line_has_the_plain_values(data: str, shown: str) -> None:
    expected = f"trigger.reached at 2024-01-15T12:00:00.000Z: {shown}"
    assert line_of(stored(data)) == expected


def slack_text(*found: StoredNotification) -> str:
    content = json.loads(chat_body(EndpointKind.SLACK, found))
    (block,) = content["blocks"]
    assert block == {"type": "section", "text": {"type": "mrkdwn", "text": content["text"]}}
    text: str = content["text"]
    return text


def teams_lines(*found: StoredNotification) -> list[str]:
    content = json.loads(chat_body(EndpointKind.TEAMS, found))
    (attachment,) = content["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (content["type"], card["type"]) == ("message", "AdaptiveCard")
    assert all(it["type"] == "TextBlock" and it["wrap"] is True for it in card["body"])
    return [it["text"] for it in card["body"]]


def test_a_message_of_slack_escapes_its_markup_once() -> None:
    text = slack_text(stored('{"name":"<!channel> & &lt;"}'))
    assert text.endswith("name &lt;!channel&gt; &amp; &amp;lt;")


def test_a_message_of_teams_has_a_block_for_each_line() -> None:
    found = [stored('{"name":"<b>&"}'), stored(type="budget.reached")]
    assert teams_lines(*found) == list(map(line_of, found))


@pytest.mark.parametrize(("count", "last"), [(20, None), (21, "and 1 more"), (45, "and 25 more")])
def test_a_message_has_twenty_lines_and_a_count(count: int, last: str | None) -> None:
    found = [stored(f'{{"value":{it}}}') for it in range(count)]
    lines = teams_lines(*found)
    assert slack_text(*found).split("\n") == lines
    assert lines[:20] == list(map(line_of, found[:20]))
    assert lines[20:] == ([last] if last else [])


def test_long_values_are_cut_to_what_the_services_accept() -> None:
    long = stored(msgspec.json.encode({"name": "x" * 5_000}).decode())
    assert len(slack_text(long)) == 3_000
    (line,) = teams_lines(long)
    assert len(line) == 900
