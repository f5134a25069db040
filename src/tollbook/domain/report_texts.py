"""The bodies of mails with a report, as text and as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from html import escape
from typing import Any, NamedTuple

CHART_ID = "chart@tollbook"
"""The content id of the chart's image."""
_CENT = Decimal("0.01")
_FEW = Decimal("0.05")
"""Amounts below it are written with all decimals."""
_PERCENT = 100
_Data = Mapping[str, Any]
_Row = tuple[str, ...]


class ReportBody(NamedTuple):
    """The lines of a text, and the content of an HTML page."""

    lines: list[str]
    html: str


class _Section(NamedTuple):
    """A table with a heading."""

    heading: str
    columns: _Row
    rows: Sequence[_Row]


def report_body(data: _Data) -> ReportBody:
    """Return the body of a report, whose numbers are texts."""
    facts, sections, alt = list(_facts(data)), _sections(data), chart_text(data)
    lines = [f"{label}: {value}" for label, value in facts]
    html = _table([(f"<b>{escape(label)}</b>", escape(value)) for label, value in facts])
    html += f'<p><img src="cid:{CHART_ID}" width="640" height="240" alt="{escape(alt)}"></p>'
    lines += ["", alt]
    for heading, columns, rows in sections:
        lines += ["", heading, *("  ".join(row) for row in (columns, *rows))]
        head = tuple(f"<b>{it}</b>" for it in columns)
        cells = [head, *(tuple(map(escape, row)) for row in rows)]
        html += f"<h2>{heading}</h2>{_table(cells)}"
    return ReportBody(lines, html)


def chart_text(data: _Data) -> str:
    """Return a text for readers who do not see the chart."""
    days = data["days"]
    highest = max(days, key=lambda it: Decimal(it["cost"]))
    return (
        f"Cost of each day from {days[0]['day']} to {days[-1]['day']}: highest "
        f"{money(Decimal(highest['cost']))} {data['currency']} on {highest['day']}"
    )


def money(amount: Decimal) -> str:
    """Return an amount with two decimals, or with all of them if it is small."""
    if amount and abs(amount) < _FEW:
        return f"{amount.normalize():f}"
    return f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,f}"


def _facts(data: _Data) -> Iterator[tuple[str, str]]:
    period, currency = data["period"], data["currency"]
    cost, before = Decimal(data["cost"]), Decimal(data["previous_cost"])
    days = [period["start"], period["end"]]
    named = {"Organization": data["organization_id"], "User": data["user_id"]}
    yield from ((label, value) for label, value in named.items() if value)
    yield "Period", " to ".join(dict.fromkeys(days)) + f" ({period['timezone']})"
    yield "Cost", f"{money(cost)} {currency}"
    yield "Change", f"{_change(cost, before)} (before: {money(before)} {currency})"
    yield "Events", str(data["events"])
    if data["quarantined_share"] is not None:
        share = Decimal(data["quarantined_share"]) * _PERCENT
        yield "In quarantine", f"{share.normalize():f}% of the events, which are not in the cost"
    if data["other_currencies"]:
        yield "Not included", f"organizations with {', '.join(data['other_currencies'])}"
    yield "As of", data["as_of"]


def _change(cost: Decimal, before: Decimal) -> str:
    if not before:
        return "none" if not cost else "new"
    return f"{(cost - before) / before * _PERCENT:+.1f}%"


def _sections(data: _Data) -> list[_Section]:
    costs = [
        (
            it["category"],
            money(Decimal(it["cost"])),
            _change(Decimal(it["cost"]), Decimal(it["previous_cost"])),
        )
        for it in data["categories"]
    ]
    rows = [tuple(it.values()) for it in data["rows"]]
    name = "user" if data["organization_id"] else "organization"
    found = [
        _Section("Cost by category", ("Category", "Cost", "Change"), costs),
        _Section(
            f"Highest costs by {name}",
            (name.capitalize(), "Cost"),
            [(identity, money(Decimal(cost))) for identity, cost in rows],
        ),
    ]
    return [it for it in found if it.rows]


def _table(rows: Sequence[_Row]) -> str:
    cells = "".join(
        "<tr>" + "".join(f'<td align="left">{it}</td>' for it in row) + "</tr>" for row in rows
    )
    return f'<table cellpadding="4">{cells}</table>'
