"""The table of limits in docs/operations.md states the limits of the code."""

from pathlib import Path

import pytest

from tollbook import listening
from tollbook.analytics import series_question as series
from tollbook.api.endpoints import (
    estimate,
    event_list,
    price_book_bodies,
    price_books,
    row_limits,
)
from tollbook.api.endpoints.analytics import queries
from tollbook.api.endpoints.rerating_answers import MOST_ROWS
from tollbook.api.pipeline import (
    answer_memory,
    body_budget,
    http_protocol,
    rate_limit,
    request_body,
)
from tollbook.api.pipeline import (
    connections as clients,
)
from tollbook.domain import events, keys
from tollbook.ingest import accept, decode, directory_cache, known_users, problems
from tollbook.quarantine import run_steps
from tollbook.rating.books import (
    clashes,
    deck_growth,
    deck_terms,
    pricing,
    yaml_book,
    yaml_examples,
    yaml_loader,
    yaml_nodes,
    yaml_rates,
)
from tollbook.settings import Settings
from tollbook.store.postgres import connections
from tollbook.store.sqlite import engine as sqlite
from tollbook.store.sqlite import sessions

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
MIB = 1024 * 1024
SETTINGS = Settings()
LIMITS = {
    "a request of events": (
        f"{decode.MOST_EVENTS:,} events",
        f"{request_body.MOST_BYTES // MIB} MiB",
    ),
    "the request line and headers": (f"{http_protocol.MOST_HEAD_BYTES // 1024} KiB",),
    "one event": (f"{problems.LARGEST_READ // MIB} MiB",),
    "the attributes of an event": (
        f"{events.MOST_ATTRIBUTES}, names of {events.LONGEST_ATTRIBUTE_NAME}",
        f"{events.LONGEST_ATTRIBUTE_VALUE:,} characters",
        f"`body` of {events.LONGEST_BODY // 1024} KiB",
    ),
    "the length of a call": (f"{SETTINGS.longest_call_seconds:,} seconds",),
    "the end of a call": (f"{accept.FUTURE_ALLOWED // 3_600_000_000} hours",),
    "an id |": (f"{events.LONGEST_ID} characters",),
    "the time of an event": (f"{accept.FUTURE_ALLOWED // 3_600_000_000} hours",),
    "request bodies in flight": (
        f"{SETTINGS.max_body_mib} MiB",
        f"{body_budget.LARGE // 1024} KiB",
    ),
    "quarantined events of a tenant": (f"{SETTINGS.max_quarantined_events:,}",),
    "organizations of a tenant that events name": (f"{SETTINGS.max_unknown_organizations:,}",),
    "viewer tokens of a key": (f"{SETTINGS.max_viewer_tokens_per_minute:,} a minute",),
    "keys with lower and lower rate limits": (f"{keys.MOST_RATE_LIMITS}",),
    "a step of a replay or discard": (f"{run_steps._AT_ONCE} events",),
    "prices of days in memory": (f"{directory_cache._MOST_DAYS:,}",),
    "events in the write queue": (f"{SETTINGS.max_queued_events:,}",),
    "events in one transaction": (f"{SETTINGS.max_group_events:,}",),
    "requests of a key": (f"{keys.MOST_PER_MINUTE:,} a minute",),
    "keys with a rate limit in memory": (f"{rate_limit._MOST_BUCKETS:,}",),
    "any other request body": (
        f"| {request_body.MOST_OTHER_BYTES // 1024} KiB;",
        f"YAML price books {price_books.MOST_BYTES[price_books.YAML] // MIB} MiB",
        f"CSV decks {price_books.MOST_BYTES[price_books.CSV] // MIB} MiB",
    ),
    "a price book in YAML": (
        f"{yaml_rates.MOST_RATES:,} rates",
        f"{yaml_examples._MOST:,} examples",
        f"{yaml_book._MOST_REPEATED:,} nodes",
        f"{price_book_bodies.MOST_TOKENS:,} names, values and marks",
        f"{yaml_loader._WORK_AFTER_AN_ERROR:,} after an unknown field",
    ),
    "a rate |": (
        f"{yaml_rates._MOST_HOURS} spans",
        f"{pricing._MOST_FEES} fees",
        f"{pricing._MOST_TIERS:,} tiers",
    ),
    "equally specific rates": (f"{clashes.MOST_SETS} different",),
    "a deck |": (f"{deck_growth.MOST_PREFIXES:,} prefixes",),
    "reported errors of a price book": (
        f"{yaml_nodes.MOST_PROBLEMS:,};",
        f"{deck_terms.MOST_SHOWN} of",
    ),
    "rows of a page": (
        f"{queries.MOST_ROWS:,}",
        f"{event_list._MOST:,} of events",
        f"{MOST_ROWS:,}",
    ),
    "buckets of a series": (
        f"{series.MAX_BUCKETS:,}",
        f"{series.MAX_DAYS_OF_HOURS} days",
        f"of {series.MAX_DAYS_OF_USERS_HOURS}",
    ),
    "series in one response": (f"{series.MAX_TOP}",),
    "an estimate": (
        f"{estimate.MOST_ESTIMATES:,} events",
        f"{request_body.MOST_ESTIMATE_BYTES // MIB} MiB",
    ),
    "the time of a body": (
        f"{clients.LEAST_RATE // 1024} KiB a second",
        f"{SETTINGS.max_silent_seconds} seconds",
    ),
    "the time of a request line and headers": (f"{SETTINGS.max_silent_seconds} seconds",),
    "rows of a response without": (f"{SETTINGS.max_answer_rows:,}",),
    "large responses being computed": (
        f"{SETTINGS.max_answer_mib} MiB",
        f"{answer_memory.LARGE // MIB} MiB",
        f"{row_limits.BYTES_PER_ROW // 1024} KiB a row",
    ),
    "concurrent exports": (f"| {SETTINGS.max_exports};",),
    "the time of an export": (f"{SETTINGS.max_export_seconds:,} seconds",),
    "a client that reads a response slowly": (
        f"{clients.LEAST_RATE // 1024} KiB a second",
        f"{SETTINGS.max_unread_seconds} seconds",
    ),
    "unread responses": (f"{SETTINGS.max_unread_mib} MiB",),
    "open client connections": (f"{SETTINGS.max_connections:,}", f"{listening._OTHER_FILES}"),
    "connections to the database": (
        f"SQLite {2 * sqlite._READERS}",
        f"PostgreSQL {SETTINGS.max_write_connections} for writing",
        f"{SETTINGS.max_read_connections} for reading",
        f"PostgreSQL {connections.POOL_SECONDS} seconds",
    ),
    "waiting for SQLite's lock": (f"{sessions.WAIT_FOR_LOCK_MS // 1000} seconds",),
    "cached responses and states": (
        f"{SETTINGS.cached_answer_mib} MiB",
        f"{SETTINGS.cached_state_mib} MiB",
    ),
    "users in memory": (f"{known_users._MOST_USERS:,}",),
    "free disk space": (f"{SETTINGS.min_free_mib} MiB",),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_documented(name: str) -> None:
    (line,) = [it for it in PAGE.read_text().splitlines() if it.startswith(f"| {name}")]
    for figure in LIMITS[name]:
        assert figure in line
