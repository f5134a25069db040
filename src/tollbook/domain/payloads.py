"""The bodies that notifications have at each kind of endpoint, and their signatures."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from standardwebhooks import Webhook

from tollbook.domain.endpoints import EndpointKind

_MOST_LINES = 20
_SECOND = 1_000_000
_LONGEST_SLACK_TEXT = 3_000
_SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class StoredNotification(msgspec.Struct, frozen=True):
    """A notification as it is sent. `data` is JSON.

    `at` and `written_at` are in microseconds since 1970.
    """

    tenant: str
    number: int
    id: str
    type: str
    at: int
    data: str
    written_at: int = 0


def webhook_body(it: StoredNotification) -> bytes:
    """Return the body of Standard Webhooks, the same bytes for every endpoint and attempt."""
    shown = {"id": it.id, "type": it.type, "timestamp": timestamp(it.at), "tenant_id": it.tenant}
    head = msgspec.json.encode(shown)[:-1]
    return head + b',"data":' + it.data.encode() + b"}"


def webhook_headers(
    it: StoredNotification, sequence: int, secrets: Sequence[str], body: bytes, now: int
) -> dict[str, str]:
    """Return the headers of an attempt, with a signature by each secret, in their order."""
    # Any zone other than UTC would sign a wrong instant.
    instant = datetime.fromtimestamp(now // _SECOND, UTC)
    signed = [Webhook(secret).sign(it.id, instant, body.decode()) for secret in secrets]
    return {
        "webhook-id": it.id,
        "webhook-timestamp": str(now // _SECOND),
        "webhook-signature": " ".join(signed),
        "tollbook-sequence": str(sequence),
    }


def chat_body(kind: EndpointKind, found: Sequence[StoredNotification]) -> bytes:
    """Return one message of Slack or Teams about one or more notifications."""
    lines = [line_of(it) for it in found[:_MOST_LINES]]
    if len(found) > _MOST_LINES:
        lines.append(f"and {len(found) - _MOST_LINES} more")
    return msgspec.json.encode(_slack(lines) if kind is EndpointKind.SLACK else _teams(lines))


def line_of(it: StoredNotification) -> str:
    """Return a notification in one line: its type, its instant, and its plain values."""
    values = json.loads(it.data)
    parts = [f"{name} {value}" for name, value in values.items() if _is_shown(value)]
    return f"{it.type} at {timestamp(it.at)}: {', '.join(parts)}"


def _is_shown(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _slack(lines: Sequence[str]) -> dict[str, object]:
    text = "\n".join(lines)
    for character, escape in _SLACK_ESCAPES.items():
        text = text.replace(character, escape)
    section = {"type": "mrkdwn", "text": text[:_LONGEST_SLACK_TEXT]}
    blocks = [{"type": "section", "text": section}]
    return {"text": text[:_LONGEST_SLACK_TEXT], "blocks": blocks}


def _teams(lines: Sequence[str]) -> dict[str, object]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line[:900], "wrap": True} for line in lines],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}


def timestamp(at: int) -> str:
    """Return an instant as payloads have it: UTC with milliseconds."""
    instant = datetime.fromtimestamp(at // _SECOND, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{at % _SECOND // 1000:03}Z"
