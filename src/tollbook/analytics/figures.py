"""The table of figures: every number in the answers by user, by organization and for a tenant.

Each figure is defined once, here. SQL sums, rows, answers, sort keys, totals, and the columns of
files, the terminal and the page are made from this table.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum, auto
from typing import Any, NamedTuple

from tollbook.analytics.tables import ColumnKind
from tollbook.domain.meters import BY_TYPE, CATALOG, Category, Meter, codes_of
from tollbook.domain.own_meters import kind_codes_of, own_codes_of


class Measure(Enum):
    """How a figure is counted or added up from usage."""

    EVENTS = auto()
    QUANTITY = auto()
    """In micros of the meter's unit."""
    COST = auto()
    """In nanos of the currency."""
    RESOURCES = auto()
    """Distinct resources, such as knowledge bases."""
    TOTAL = auto()
    """The cost of everything, in nanos."""
    USERS = auto()
    ORGANIZATIONS = auto()


class AnswerKind(Enum):
    """The subject of an answer or of a row."""

    USER = auto()
    ORGANIZATION = auto()
    ORGANIZATION_LEVEL = auto()
    """An organization's usage not attributed to a user."""
    OVERVIEW = auto()


class Section(IntEnum):
    """The section of an answer that a figure is in. Within one, the order is that of the table."""

    HEAD = auto()
    COUNTS = auto()
    TOTAL = auto()
    BREAKDOWN = auto()
    """Inside the object `cost_breakdown`."""
    END = auto()


class Figure(NamedTuple):
    """One figure: its field in JSON, what it measures, and its section in each answer.

    `meters` are types, or a category for all of its meters. A figure with a `label` is a column of
    the tables that people read; `about` explains the column.
    """

    name: str
    measure: Measure
    meters: tuple[str, ...] | Category
    sections: Mapping[AnswerKind, Section]
    kind: ColumnKind = ColumnKind.COUNT
    label: str = ""
    about: str = ""

    @property
    def codes(self) -> tuple[int, ...]:
        """Return the codes of the meters that are added up."""
        if isinstance(self.meters, Category):
            return codes_of(self.meters)
        return tuple(BY_TYPE[it].code for it in self.meters)

    @property
    def own_codes(self) -> range:
        """Return the codes of a tenant's own meters that are added up: costs have some.

        Of knowledge bases, those by the month are one part of the cost and all others the other.
        """
        if self.measure is not Measure.COST:
            return range(0)
        if isinstance(self.meters, Category):
            return own_codes_of(self.meters)
        kinds = {(BY_TYPE[it].category, BY_TYPE[it].is_monthly) for it in self.meters}
        if len(kinds) != 1:
            return range(0)
        ((category, monthly),) = kinds
        if category is not Category.KNOWLEDGE_BASE:
            return range(0)
        return kind_codes_of(category, is_monthly=monthly)

    @property
    def is_amount(self) -> bool:
        """Return whether its sum can pass 64 bits: sums of quantities and of costs can."""
        return self.measure in (Measure.QUANTITY, Measure.COST, Measure.TOTAL)


_ROWS = dict.fromkeys(
    (AnswerKind.USER, AnswerKind.ORGANIZATION, AnswerKind.OVERVIEW), Section.COUNTS
)
_EVERYWHERE = {
    AnswerKind.USER: Section.BREAKDOWN,
    AnswerKind.ORGANIZATION: Section.COUNTS,
    AnswerKind.OVERVIEW: Section.BREAKDOWN,
}
_BREAKDOWNS = {AnswerKind.USER: Section.BREAKDOWN, AnswerKind.OVERVIEW: Section.BREAKDOWN}
_OVERVIEW = {AnswerKind.OVERVIEW: Section.BREAKDOWN}
_OWN_COUNT = {
    AnswerKind.ORGANIZATION: Section.COUNTS,
    AnswerKind.ORGANIZATION_LEVEL: Section.COUNTS,
    AnswerKind.OVERVIEW: Section.BREAKDOWN,
}
_OWN_COST = {AnswerKind.ORGANIZATION_LEVEL: Section.TOTAL, AnswerKind.OVERVIEW: Section.BREAKDOWN}


def _events(name: str, meter: str, label: str, about: str, sections: Any = _EVERYWHERE) -> Figure:
    return Figure(name, Measure.EVENTS, (meter,), sections, label=label, about=about)


def _quantity(name: str, meter: str, label: str, about: str, sections: Any = _EVERYWHERE) -> Figure:
    """Define the quantity of a meter that takes whole quantities only."""
    return Figure(name, Measure.QUANTITY, (meter,), sections, label=label, about=about)


def _cost(category: Category, sections: Any = _BREAKDOWNS, label: str = "") -> Figure:
    about = f"Cost of {label.lower()}" if label else ""
    name = f"{category}_cost"
    return Figure(
        name,
        Measure.COST,
        category,
        sections,
        kind=ColumnKind.AMOUNT,
        label=label,
        about=about,
    )


FIGURES = (
    Figure("organizations_count", Measure.ORGANIZATIONS, (), {AnswerKind.OVERVIEW: Section.END}),
    Figure(
        "users_count",
        Measure.USERS,
        (),
        {AnswerKind.ORGANIZATION: Section.HEAD, AnswerKind.OVERVIEW: Section.END},
        label="Users",
        about="Users of the organization",
    ),
    _events("total_sms_sent", "sms.outbound", "SMS Sent", "Outbound SMS", _ROWS),
    _events("total_sms_received", "sms.inbound", "SMS Received", "Inbound SMS", _ROWS),
    _events("total_mms_sent", "mms.outbound", "MMS Sent", "Outbound MMS", _ROWS),
    _events("total_mms_received", "mms.inbound", "MMS Received", "Inbound MMS", _ROWS),
    _events("total_voice_calls", "voice.call", "Voice Calls", "Call count", _ROWS),
    Figure(
        "total_voice_seconds",
        Measure.QUANTITY,
        ("voice.call",),
        _ROWS,
        kind=ColumnKind.QUANTITY,
        label="Voice Min",
        about="Duration in minutes",
    ),
    _cost(Category.MESSAGING),
    _cost(Category.VOICE),
    _cost(Category.API_REQUEST),
    _quantity("api_requests_count", "api.request", "API Requests", "API calls"),
    _cost(Category.API_STORAGE, _EVERYWHERE, "Storage"),
    _cost(Category.PHONE_RENTAL),
    _events("phone_rental_count", "phone.rental", "Phone Monthly", "Rental events"),
    _cost(Category.PHONE_PURCHASE),
    _quantity("phone_purchase_count", "phone.purchase", "Phones Purchased", "Purchases"),
    _cost(Category.BRAND_REGISTRATION, _OWN_COST),
    _quantity(
        "brand_registration_count",
        "brand.registration",
        "Brands",
        "Brand registrations",
        _OWN_COUNT,
    ),
    _cost(Category.KNOWLEDGE_BASE),
    Figure("kb_monthly_cost", Measure.COST, ("kb.rental",), _OVERVIEW, ColumnKind.AMOUNT),
    Figure("kb_usage_cost", Measure.COST, ("kb.usage",), _OVERVIEW, ColumnKind.AMOUNT),
    Figure(
        "kb_count",
        Measure.RESOURCES,
        Category.KNOWLEDGE_BASE,
        _EVERYWHERE,
        label="KB Count",
        about="Knowledge bases in use",
    ),
    Figure(
        "kb_minutes",
        Measure.QUANTITY,
        ("kb.usage",),
        _BREAKDOWNS,
        kind=ColumnKind.MINUTES,
        label="KB Min",
        about="Minutes of knowledge base calls",
    ),
    Figure(
        "total_cost",
        Measure.TOTAL,
        (),
        {
            AnswerKind.USER: Section.END,
            AnswerKind.ORGANIZATION: Section.END,
            AnswerKind.ORGANIZATION_LEVEL: Section.END,
            AnswerKind.OVERVIEW: Section.TOTAL,
        },
        kind=ColumnKind.AMOUNT,
        label="Cost",
        about="Total cost",
    ),
)
"""In the documented order of the answers."""


def figures_of(answer: AnswerKind) -> tuple[Figure, ...]:
    """Return the figures of an answer in the documented order."""
    figures = (it for it in FIGURES if answer in it.sections)
    return tuple(sorted(figures, key=lambda it: it.sections[answer]))


def require_every_cost(figures: Iterable[Figure], catalog: Iterable[Meter]) -> None:
    """Raise `AssertionError` if a category's cost is in a total but not in its breakdown.

    The breakdown of an overview must have every category. That of a user must have every category
    except those whose meters are all organization-level.
    """
    named = {(it.meters, answer) for it in figures for answer in it.sections if is_cost(it)}
    missing = [
        f"{meter.category}_cost of {meter.type} in {answer.name}"
        for meter in catalog
        for answer in (AnswerKind.USER, AnswerKind.OVERVIEW)
        if not (meter.organization_level and answer is AnswerKind.USER)
        and (meter.category, answer) not in named
    ]
    if missing:
        raise AssertionError(f"no figure shows {', '.join(missing)}")


def is_cost(figure: Figure) -> bool:
    """Return whether a figure is the cost of a whole category: these add up to `total_cost`."""
    return figure.measure is Measure.COST and isinstance(figure.meters, Category)


require_every_cost(FIGURES, CATALOG)


def key_of(figure: Figure) -> str:
    """Return the name of a figure's column in the tables that people read."""
    return figure.label.lower().replace(" ", "_")
