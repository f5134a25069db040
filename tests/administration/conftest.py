"""A tenant to administer."""

import pytest

from tests.administration.office import Office
from tollbook.store.database import Database


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)
