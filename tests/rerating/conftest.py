"""A platform with an organization, and its past."""

import pytest

from tests.builders import Platform
from tests.rerating.builders import Past
from tollbook.store.database import Database


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


@pytest.fixture
def past(platform: Platform) -> Past:
    return Past(platform)
