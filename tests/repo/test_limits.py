"""The table of limits in docs/operations.md says what the code holds to."""

from pathlib import Path

import pytest

from tollbook.analytics import series
from tollbook.api.endpoints import event_list, price_books
from tollbook.api.endpoints.analytics import pages
from tollbook.api.endpoints.rerating_answers import MOST_ROWS
from tollbook.api.pipeline import body_budget, http_protocol, rate_limit, request_body, streams
from tollbook.domain import events, keys
from tollbook.ingest import accept, decode, known_users, problems
from tollbook.rating.books import (
    clashes,
    deck_csv,
    deck_terms,
    pricing,
    yaml_book,
    yaml_examples,
    yaml_nodes,
    yaml_rates,
)
from tollbook.settings import Settings
from tollbook.store import connections, sqlite

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
MIB = 1024 * 1024
SETTINGS = Settings()
TOLD = {
    "a request of events": (
        f"{decode.MOST_EVENTS:,} events",
        f"{request_body.MOST_BYTES // MIB} MiB",
    ),
    "a request's line and headers": (f"{http_protocol.MOST_HEAD_BYTES // 1024} KiB",),
    "one event": (f"{problems.LARGEST_READ // MIB} MiB",),
    "an event's attributes": (
        f"{events.MOST_ATTRIBUTES}, names of {events.LONGEST_ATTRIBUTE_NAME}",
        f"{events.LONGEST_ATTRIBUTE_VALUE:,} characters",
        f"`body` of {events.LONGEST_BODY // 1024} KiB",
    ),
    "a call |": (f"{SETTINGS.longest_call_seconds:,} seconds",),
    "the end of a call": (f"{accept.FUTURE_ALLOWED // 3_600_000_000} hours",),
    "an id |": (f"{events.LONGEST_ID} characters",),
    "an event's time": (f"{accept.FUTURE_ALLOWED // 3_600_000_000} hours",),
    "bodies of all requests": (f"{SETTINGS.max_body_mib} MiB", f"{body_budget.LARGE // 1024} KiB"),
    "events that wait": (f"{SETTINGS.max_queued_events:,}",),
    "events of one transaction": (f"{SETTINGS.max_group_events:,}",),
    "requests of a key": (f"{keys.MOST_PER_MINUTE:,} a minute",),
    "keys whose rate": (f"{rate_limit._MOST_BUCKETS:,}",),
    "any other body": (
        f"| {request_body.MOST_OTHER_BYTES // 1024} KiB;",
        f"YAML {price_books.MOST_BYTES[price_books.YAML] // MIB} MiB",
        f"CSV {price_books.MOST_BYTES[price_books.CSV] // MIB} MiB",
    ),
    "a price book in YAML": (
        f"{yaml_rates.MOST_RATES:,} rates",
        f"{yaml_examples._MOST:,} examples",
        f"{yaml_book._MOST_REPEATED:,} things",
    ),
    "a rate |": (
        f"{yaml_rates._MOST_HOURS} spans",
        f"{pricing._MOST_FEES} fees",
        f"{pricing._MOST_TIERS:,} tiers",
    ),
    "rates that are equally": (f"{clashes.MOST_SETS} different",),
    "a deck |": (f"{deck_csv.MOST_PREFIXES:,} prefixes",),
    "errors of a price book": (f"{yaml_nodes.MOST_PROBLEMS:,};", f"{deck_terms.MOST_SHOWN} of"),
    "rows of a page": (f"{pages.MOST_ROWS:,}", f"{event_list._MOST:,} of events", f"{MOST_ROWS:,}"),
    "buckets of a series": (
        f"{series.MOST_BUCKETS:,}",
        f"{series.MOST_DAYS_OF_HOURS} days",
        f"of {series.MOST_DAYS_OF_USERS_HOURS}",
    ),
    "series of a trend": (f"{series.MOST_TOP}",),
    "a client that takes nothing": (f"{streams._PATIENCE:.0f} seconds",),
    "connections to the database": (
        f"SQLite {2 * sqlite._READERS}",
        f"PostgreSQL {SETTINGS.max_write_connections} that write",
        f"{SETTINGS.max_read_connections} that read",
        f"{connections.POOL_SECONDS} seconds",
    ),
    "a wait for SQLite's lock": (f"{sqlite._WAIT_FOR_LOCK_MS // 1000} seconds",),
    "answers and states": (f"{SETTINGS.cached_answer_mib} MiB",),
    "users known": (f"{known_users._MOST_USERS:,}",),
    "free disk": (f"{SETTINGS.min_free_mib} MiB",),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_limit_is_told_as_it_is(what: str) -> None:
    (line,) = [it for it in PAGE.read_text().splitlines() if it.startswith(f"| {what}")]
    for figure in TOLD[what]:
        assert figure in line
