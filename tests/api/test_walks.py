"""Walks along the links: whatever came before, the server answers as documented."""

from collections.abc import Iterator

import pytest

from tests.builders import Platform
from tests.servers import Server
from tests.walks import Walks
from tollbook.store.database import open_database

STEPS = 900
# The walker's own key has no organization; a run of three events ends before it can be stopped.
OUT_OF_REACH = ("getOwnKey 200 ", "stopRerating 200 ", "resumeRerating 202 ")
TAKEN_AT_LEAST = 0.85
WELL_AT_LEAST = 0.7


@pytest.fixture
def walks(database_url: str) -> Iterator[Walks]:
    database = open_database(database_url)
    with Server(database_url) as server, server.client() as http:
        yield Walks(http, database)
    database.close()


def test_whatever_came_before_answers_are_as_documented(walks: Walks) -> None:
    seed = 0
    while walks.steps < STEPS:
        walks.go(seed)
        seed += 1
    assert walks.wrong == []
    assert Platform(walks.database).differences() == []
    assert walks.gone > 0
    within_reach = {it for it in walks.links if not it.startswith(OUT_OF_REACH)}
    assert len(within_reach) > 100
    left = sorted(within_reach - set(walks.taken))
    assert len(left) < (1 - TAKEN_AT_LEAST) * len(within_reach), left
    went_well = sum(1 for times in walks.went_well.values() if times)
    assert went_well > WELL_AT_LEAST * len(within_reach)
