"""The page's module `words/catalog.js`, made from the catalog of meters and the table of figures.

A meter or figure that is added there is on the page. Names and colors are added here only for a
new category, and where they differ from the usual ones.
"""

from typing import Any

import msgspec

from tollbook.analytics.figures import AnswerKind, Figure, Section, figures_of, key_of
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.meters import CATALOG, Category, Meter

NAME = "words/catalog.js"

_KINDS = {
    Category.MESSAGING: ("messaging", "Messaging"),
    Category.VOICE: ("voice", "Voice"),
    Category.API_REQUEST: ("api_requests", "API requests"),
    Category.API_STORAGE: ("storage", "Storage"),
    Category.PHONE_RENTAL: ("phone_rental", "Phone monthly"),
    Category.PHONE_PURCHASE: ("phone_purchase", "Phones purchased"),
    Category.KNOWLEDGE_BASE: ("knowledge_bases", "Knowledge bases"),
    Category.BRAND_REGISTRATION: ("brand", "Brand registration"),
}
"""The key in addresses and the name of each category; its color is its place."""

_COLORS = {"sms.outbound": 1, "sms.inbound": 2, "mms.outbound": 3, "mms.inbound": 4, "kb.rental": 1}
"""Meters with a color of their own. All others have the color of their category."""

_EVENT_UNITS = {"segment": "messages", "month": "rentals", "number": "numbers"}
"""Units of meters whose events a chart counts, and the name of what it counts, in the plural."""
_PLURALS = {"phone.rental": "numbers"}
"""Meters whose events have another name than others of their unit."""

_SHOWN = {
    ColumnKind.AMOUNT: "amount",
    ColumnKind.MINUTES: "minutes",
    ColumnKind.QUANTITY: "seconds",
    ColumnKind.COUNT: "count",
}


def catalog_module() -> bytes:
    """Return the module in JavaScript; `words/catalog.d.ts` has its types."""
    lists = {
        "METERS": [_meter(it) for it in CATALOG],
        "KINDS": [_kind(it) for it in Category],
        "USER_FIGURES": _figures(AnswerKind.USER),
        "ORGANIZATION_FIGURES": _figures(AnswerKind.ORGANIZATION),
    }
    lines = (
        f"export const {name} = {msgspec.json.encode(it).decode()};" for name, it in lists.items()
    )
    return "\n".join(lines).encode()


def _meter(meter: Meter) -> dict[str, Any]:
    shown: dict[str, Any] = {"counted": "quantities", "unit": f"{meter.unit}s"}
    if meter.unit == "second":
        shown = {"counted": "quantities", "per": 60, "unit": "minutes"}
    elif meter.unit in _EVENT_UNITS:
        shown = {"counted": "events", "unit": _PLURALS.get(meter.type, _EVENT_UNITS[meter.unit])}
    color = _COLORS.get(meter.type, _color(meter.category))
    return {"type": meter.type, "name": meter.name or meter.type, "color": color, **shown}


def _kind(category: Category) -> dict[str, Any]:
    key, name = _KINDS[category]
    return {
        "key": key,
        "name": name,
        "color": _color(category),
        "cost": f"{category}_cost",
        "meters": [it.type for it in CATALOG if it.category is category],
    }


def _color(category: Category) -> int:
    return list(Category).index(category) + 1


def _figures(answer: AnswerKind) -> list[dict[str, Any]]:
    """Return the columns of a table but its last one, the total cost."""
    return [_figure(it, answer) for it in figures_of(answer)[:-1] if it.label]


def _figure(figure: Figure, answer: AnswerKind) -> dict[str, Any]:
    return {
        "key": key_of(figure),
        "label": figure.label,
        "about": figure.about,
        "name": figure.name,
        "in_breakdown": figure.sections[answer] is Section.BREAKDOWN,
        "show": _SHOWN[figure.kind],
    }
