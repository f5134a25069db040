"""The subjects and bodies of mails about notifications, as text and as HTML."""

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from tollbook.domain.notifications import NotificationType
from tollbook.domain.payloads import StoredNotification, line_of, timestamp
from tollbook.domain.report_texts import report_body

MOST_LINES = 100
_PERIODS = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "all": "total"}
_FIGURES = {"cost", "count", "quantity"}
_Data = Mapping[str, Any]


class MailText(NamedTuple):
    """What a mail says: its subject, and its body in both forms."""

    subject: str
    text: str
    html: str


def mail_text(
    found: Sequence[StoredNotification], link: str | None = None, unsubscribe: str | None = None
) -> MailText:
    """Return a mail about one notification, or a digest of several.

    `link` leads to the dashboard, `unsubscribe` to the page that ends these mails.
    """
    if len(found) == 1:
        return _one(found[0], link, unsubscribe)
    return _digest(found, link, unsubscribe)


def subject_of(it: StoredNotification) -> str:
    """Return a subject that names the kind only: no id, no name and no amount."""
    subject = _SUBJECTS[NotificationType(it.type)]
    return subject if isinstance(subject, str) else subject(json.loads(it.data))


def _one(it: StoredNotification, link: str | None, unsubscribe: str | None) -> MailText:
    if it.type == NotificationType.REPORT_READY:
        return _report(it, link, unsubscribe)
    subject = subject_of(it)
    rows = [("Type", it.type), ("Time", timestamp(it.at)), ("Tenant", it.tenant)]
    rows += _rows("", json.loads(it.data, parse_float=str, parse_int=str))
    rows.append(("Notification", it.id))
    footers = _footers(link, unsubscribe)
    lines = [f"{label}: {value}" for label, value in rows]
    table = "".join(
        f'<tr><th align="left">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in rows
    )
    return MailText(
        subject,
        _text(subject, lines, footers),
        _html(subject, f'<table cellpadding="4">{table}</table>', footers),
    )


def _report(it: StoredNotification, link: str | None, unsubscribe: str | None) -> MailText:
    subject, footers = subject_of(it), _footers(link, unsubscribe)
    body = report_body(report_data(it))
    return MailText(
        subject, _text(subject, body.lines, footers), _html(subject, body.html, footers)
    )


def report_data(it: StoredNotification) -> dict[str, Any]:
    """Return the data of a report, with its numbers as texts, so that they stay exact."""
    found: dict[str, Any] = json.loads(it.data, parse_float=str, parse_int=str)
    return found


def _digest(
    found: Sequence[StoredNotification], link: str | None, unsubscribe: str | None
) -> MailText:
    subject = f"{len(found)} notifications"
    lines = list(map(line_of, found[:MOST_LINES]))
    if len(found) > MOST_LINES:
        lines.append(f"and {len(found) - MOST_LINES} more")
    footers = _footers(link, unsubscribe)
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return MailText(
        subject, _text(subject, lines, footers), _html(subject, f"<ul>{items}</ul>", footers)
    )


def _footers(link: str | None, unsubscribe: str | None) -> list[tuple[str, str]]:
    named = {"Open Tollbook": link, "Unsubscribe": unsubscribe}
    return [(label, url) for label, url in named.items() if url]


def _text(subject: str, lines: Sequence[str], footers: Sequence[tuple[str, str]]) -> str:
    ends = [f"{label}: {url}" for label, url in footers]
    return "\n".join([subject, "", *lines, *(["", *ends] if ends else []), ""])


def _html(subject: str, content: str, footers: Sequence[tuple[str, str]]) -> str:
    ends = "".join(f'<p><a href="{escape(url)}">{label}</a></p>' for label, url in footers)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}'
        f"</title></head><body><h1>{escape(subject)}</h1>{content}{ends}</body></html>\n"
    )


def _rows(label: str, value: object) -> list[tuple[str, str]]:
    """Return the rows of a value: one, or those of each of its members."""
    if isinstance(value, dict):
        members = ((f"{label} {name}".strip(), member) for name, member in value.items())
        return [row for name, member in members for row in _rows(name, member)]
    if value is None:
        return []
    return [(label.replace("_", " ").capitalize(), _shown(value))]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _trigger(data: _Data, end: str) -> str:
    figure = data.get("figure")
    kind = data.get("threshold", {}).get("kind")
    what = f"{_period(data)} {figure if figure in _FIGURES else 'figure'}".strip()
    if kind == "deviation":
        return f"Unusual {what} {end}"
    return f"{what} threshold {end}".capitalize()


def _budget(data: _Data, end: str) -> str:
    fraction = data.get("threshold", {}).get("fraction")
    part = "Part" if fraction is None else f"{fraction * 100:g}%"
    return f"{part} of a {_period(data)} budget".replace("  ", " ") + f" {end}"


def _period(data: _Data) -> str:
    return _PERIODS.get(data.get("period", {}).get("kind"), "")


_SUBJECTS: dict[NotificationType, str | Callable[[_Data], str]] = {
    NotificationType.TRIGGER_REACHED: lambda data: _trigger(data, "reached"),
    NotificationType.TRIGGER_CLEARED: lambda data: _trigger(data, "no longer reached"),
    NotificationType.BUDGET_REACHED: lambda data: _budget(data, "reached"),
    NotificationType.BUDGET_CLEARED: lambda data: _budget(data, "no longer reached"),
    NotificationType.EVENT_UNPRICED: "Events without a price",
    NotificationType.QUARANTINE_GROWING: "The quarantine is growing",
    NotificationType.USAGE_SILENT: "No usage for longer than usual",
    NotificationType.USAGE_RESUMED: "Usage has resumed",
    NotificationType.KEY_EXPIRING: "An API key expires soon",
    NotificationType.RERATING_DONE: "A rerating is done",
    NotificationType.RERATING_STOPPED: "A rerating has stopped",
    NotificationType.REPORT_READY: lambda data: f"{data.get('schedule', '')} report".capitalize(),
    NotificationType.ENDPOINT_DISABLED: "An endpoint for notifications is disabled",
    NotificationType.ENDPOINT_TEST: "A test of notifications",
}
