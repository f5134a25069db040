"""The sections on many users and many organizations: answers, overviews and the dashboard."""

from collections.abc import Sequence

from benchmarks.crowds import CrowdFigures
from benchmarks.overview import (
    BASES_IN_EACH,
    ORGANIZATIONS,
    PERIOD,
    USERS_IN_EACH,
    OverviewFigures,
)
from benchmarks.page import PageFigures
from benchmarks.tables import ms, table

_CROWDED = """\
## The same answer for 10,000 users

Two organizations with the same meters and days have 1,000 and 10,000 users, and one of the 10,000
is also requested alone (`user_id`). Cold requests alternate, each over one connection. The sums
were written without events, which this answer never reads; no two costs are equal. *Bare month* is
the bare statement of the same users over a whole month. *Times 1,000* compares the medians.
"""

_OVERVIEWS = f"""\
## GET /v1/analytics/overview

A tenant has {ORGANIZATIONS:,} organizations with {USERS_IN_EACH} users each, active in 7 meters on
all days, and {BASES_IN_EACH} knowledge bases each. The period is {PERIOD.start} to {PERIOD.end}: 90
days that divide two months. The sums were written without events; the answer is compared with
known figures. *Bare* is the time of its three statements (sums, knowledge bases, users) through the
plain driver, alternating with the request.
"""

_PAGED = """\
## The dashboard with 10,000 users

Chromium without a graphics card opens the organization with an empty cache, then sorts, searches
and scrolls. The browser and the server share the machine's cores. *First rows* is the time from the
request for the page; the others are the times until the result is rendered. *p95* is the time that
one in twenty exceeds.
"""


def crowded(figures: Sequence[CrowdFigures]) -> list[str]:
    """Return the section that compares many users with few."""
    head = (
        *("Storage", "Period", "Users", "p50 ms", "p99 ms", "Bare p50 ms", "Times bare"),
        *("Bare month p50 ms", "Times month", "Times 1,000"),
    )
    rows = [
        (
            it.engine,
            figure.period,
            one.what,
            ms(one.times.p50),
            ms(one.times.p99),
            ms(one.bare.p50) if one.bare else "",
            f"{one.ratio:.2f}",
            ms(one.month.p50) if one.month else "",
            f"{one.times_month:.2f}",
            f"{one.times.p50 / figure.few.times.p50:.1f}",
        )
        for it in figures
        for figure in it.by_period
        for one in (figure.few, figure.many, figure.one)
    ]
    return [_CROWDED, table(head, rows)]


def overviews(figures: Sequence[OverviewFigures]) -> list[str]:
    """Return the section on the overview of a large tenant."""
    head = ("Storage", "Answer", "p50 ms", "p99 ms", "Bare p50 ms", "Bare p99 ms", "Times bare")
    rows = [
        (
            it.engine,
            one.what,
            ms(one.times.p50),
            ms(one.times.p99),
            ms(one.bare.p50) if one.bare else "",
            ms(one.bare.p99) if one.bare else "",
            f"{one.ratio:.2f}" if one.bare else "",
        )
        for it in figures
        for one in it.alone
    ]
    return [_OVERVIEWS, table(head, rows)]


def paged(figures: Sequence[PageFigures]) -> list[str]:
    """Return the section on the dashboard in a browser."""
    rows = [
        (what, str(times), ms(median), ms(slow))
        for it in figures
        for what, times, median, slow in it.rows()
    ]
    return [_PAGED, table(("What", "Count", "p50 ms", "p95 ms"), rows)]
