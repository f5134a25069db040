"""Walks along the links: whatever came before, the server answers as documented."""

from collections.abc import Iterator

import pytest

from tests.builders import Platform
from tests.servers import SECRET_KEY, Server
from tests.walks import Walks
from tollbook.store.database import open_database

LEAST_STEPS = 400
MOST_STEPS = 3000
# The walker's own key has no organization; a run of three events ends before it can be stopped.
OUT_OF_REACH = ("getOwnKey 200 ", "stopRerating 200 ", "resumeRerating 202 ")
LEFT_AT_MOST = 0.35
ILL_AT_MOST = 0.5
"""Of the links within reach: how many may not be taken, and how many may not have gone well."""


@pytest.fixture
def walks(database_url: str) -> Iterator[Walks]:
    database = open_database(database_url)
    with Server(database_url, secret_key=SECRET_KEY) as server, server.client() as http:
        yield Walks(http, database)
    database.close()


def test_whatever_came_before_answers_are_as_documented(walks: Walks) -> None:
    left = ill = {it for it in walks.links if not it.startswith(OUT_OF_REACH)}
    assert len(left) > 100
    most_left, most_ill = LEFT_AT_MOST * len(left), ILL_AT_MOST * len(left)
    seed = 0
    while walks.steps < LEAST_STEPS or len(left) > most_left or len(ill) > most_ill:
        assert walks.steps < MOST_STEPS, (
            f"not taken: {sorted(left)}, did not go well: {sorted(ill)}"
        )
        walks.go(seed)
        seed += 1
        left, ill = left - set(walks.taken), ill - set(+walks.went_well)
    assert walks.wrong == [], "\n".join(walks.wrong[:6])
    assert walks.gone > 0
    assert Platform(walks.database).differences() == []
