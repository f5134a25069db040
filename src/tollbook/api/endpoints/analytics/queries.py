"""Query parameters that questions of analytics share, as structs to inherit from and as types."""

from collections.abc import Container
from typing import Annotated, Literal

from msgspec import Meta

from tollbook.analytics.margin import SORT_FIELDS
from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.formats.choice import Format
from tollbook.api.openapi.parameter_types import (
    Amount,
    Country,
    Day,
    Flag,
    Instant,
    PeriodName,
    Text,
    about,
    meter_types,
    some_of,
    text,
    whole_number,
)
from tollbook.domain.directory import Status
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.named_periods import NAMES
from tollbook.domain.numbers import NO_COUNTRY
from tollbook.domain.periods import Comparison

MOST_ROWS = 10_000
NEXT_CURSOR = "X-Next-Cursor"
"""The header that has the cursor where the format has no place for it."""
_NAMED_PERIODS = (
    "The days by name instead of `start_date` and `end_date`, on the same calendar: "
    f"{', '.join(f'`{name}`' for name in NAMES)}, or a month such as `2024-01`."
)
MOMENT_FORMS = (
    "an RFC 3339 time such as 2024-01-15T10:30:00Z, or YYYY-MM-DD in the organization's zone"
)
META = "`meta`, as of when the answer is true and what is missing from it."
TOTALS_OR_META = f"What to add after the documented fields: `totals`, the sums of all rows; {META}"
MARGIN = (
    "`margin`, for keys of the whole tenant: `buy_cost`, `margin` and `buy_known_share`, the share "
    "of the cost whose buy price is known."
)
METERS = (
    "`meters`, the usage of every meter with `count`, `quantity`, `billed_quantity` and `cost`."
)
FileTotals = Annotated[
    tuple[str, ...],
    some_of(("totals", "meta")),
    about(
        f"What to add: `totals`, as CSV, NDJSON or Parquet, a last row with the totals that JSON "
        f"always has; in JSON, {META}"
    ),
]
SORTED_BY_MARGIN = "Fields of the margin need `include=margin`; rows without a value are last."
COMPARE = (
    "What to compare with: as many whole months or days before, or the same dates a year before, "
    "for whole weeks the same weekdays, 364 days before. "
    "A period that has not ended is compared with the same elapsed part."
)

FormatName = Annotated[
    Format | None,
    about(
        "How the answer is written: `json`, or its rows as `csv`, `ndjson` (an object "
        "a line) or `parquet`. Ids, days and the currency, which JSON has once, are columns of a "
        "file. Default: what `Accept` asks for, else JSON."
    ),
]
MarginOrTotals = Annotated[
    tuple[str, ...],
    some_of(("totals", "meta", "margin")),
    about(
        f"What to add: `totals`, as CSV, NDJSON or Parquet, a last row with the totals that JSON "
        f"always has; in JSON, {META} {MARGIN}"
    ),
]
EscapeFormulas = Annotated[
    Flag,
    about(
        "For CSV. `true`: an apostrophe precedes a text that a spreadsheet would run as a formula. "
        "`false`: texts are written unchanged, for programs; a spreadsheet may run what a user has "
        "chosen as a name."
    ),
]
Currency = Annotated[str, text(3), Meta(examples=["USD"])]
ChosenCurrency = Annotated[
    Currency | None,
    about(
        "Answer for organizations of this currency. Default: the tenant's currency. "
        "Amounts of different currencies are never added up; `X-Other-Currencies` names others "
        "with costs."
    ),
]
MeterList = Annotated[tuple[str, ...], meter_types()]
OtherCountry = Annotated[
    Country | None,
    about(
        "Only usage with this country at the other end, an ISO 3166 code of two capital letters; "
        f"`001` for numbers of no country, such as +800; `{NO_COUNTRY}` for usage without a "
        "country.",
        "GB",
    ),
]
OrganizationId = Annotated[Text, Meta(examples=["org_abc123"])]
UserId = Annotated[Text, Meta(examples=["user_123"])]
ComparedWith = Annotated[Comparison, about(COMPARE)]
FirstDay = Annotated[
    Day | None,
    about(
        "First day, YYYY-MM-DD. Default: 30 days before `end_date`.",
        "2024-01-01",
    ),
]
LastDay = Annotated[
    Day | None,
    about(
        "Last day, YYYY-MM-DD. Default: today in the organization's time zone, for a "
        "whole tenant in UTC.",
        "2024-01-31",
    ),
]
ShortPeriodName = Annotated[PeriodName | None, about(_NAMED_PERIODS)]
DaysByName = Annotated[
    PeriodName | None,
    about(f"{_NAMED_PERIODS} `last_30_days` is the default: from 30 days ago to today."),
]


def require_margin_included(sort: str | None, include: Container[str]) -> None:
    """Refuse an order by a field that the answer does not have."""
    if sort in SORT_FIELDS and "margin" not in include:
        sentence = f"sort={sort} requires include=margin"
        raise InvalidRequest.of([Problem("sort", "margin_required", sentence)])


class StateQuery(AmountsQuery, frozen=True, kw_only=True):
    """The query of a question that is answered from a state of the ledger, in some format."""

    format: FormatName = None
    escape_formulas: EscapeFormulas = True
    min_as_of: Annotated[
        Instant | None,
        about(
            "Answer from a state that holds everything acknowledged up to this "
            "instant: the `as_of` of a receipt."
        ),
    ] = None


class AnswerQuery(StateQuery, frozen=True, kw_only=True):
    """The query of a question whose answer may be extended."""

    include: Annotated[
        tuple[str, ...],
        some_of(("meta",)),
        about(f"What to add after the documented fields: {META}"),
    ] = ()


class PeriodQuery(AnswerQuery, frozen=True, kw_only=True):
    """The query of a question about a period."""

    start_date: FirstDay = None
    end_date: LastDay = None
    period: DaysByName = None


class RowsQuery(PeriodQuery, frozen=True, kw_only=True):
    """The query of a question whose rows are filtered, sorted, grouped and paged."""

    meter: Annotated[
        MeterList,
        about(
            "Only the usage of these meters: other figures are 0, and costs are of these alone.",
            ["sms.outbound", "voice.call"],
        ),
    ] = ()
    country: OtherCountry = None
    status: Annotated[
        Status | None,
        about("Only those that have this status now.", "active"),
    ] = None
    min_cost: Annotated[
        Amount | None,
        about("Only those whose `total_cost` is at least this.", 10.5),
    ] = None
    search: Annotated[
        Text | None,
        about(
            "Only those with this in their name or id, in capital or small letters and in either "
            "Unicode form.",
            "anna",
        ),
    ] = None
    active: Annotated[
        Flag | None,
        about("`true`: only those with usage in the period. `false`: only those without.", True),
    ] = None
    sort: str | None = None
    order: Annotated[
        Literal["asc", "desc"] | None,
        about(
            "Default: `desc` for numbers, `asc` for texts. Rows that are equal are "
            "ordered by their id.",
            "asc",
        ),
    ] = None
    group_by: Annotated[
        Literal["meter", "country"] | None,
        about(
            "Give each row its `groups`: its usage by meter, or by the country at the "
            "other end, where an empty one stands for `none`. As a table there is a line for each "
            "group.",
            "meter",
        ),
    ] = None
    limit: Annotated[
        int | None,
        whole_number(most=MOST_ROWS),
        about(
            "How many rows at most; required when there are more than 50,000. The answer then "
            f"ends with `next_cursor`, null on the last page; as CSV, NDJSON or Parquet it is in "
            f"the header `{NEXT_CURSOR}`, which the last page has not.",
            100,
        ),
    ] = None
    cursor: Annotated[
        str | None,
        text(512),
        about(
            "The `next_cursor` of an answer, to go on where it ended, with the same "
            "parameters but for `limit`. All pages are of one state of the ledger, whatever "
            "arrives between them."
        ),
    ] = None
    include: Annotated[
        tuple[str, ...],
        some_of(("totals", "meta", "margin", "meters")),
        about(f"{TOTALS_OR_META} {MARGIN} {METERS}"),
    ] = ()
