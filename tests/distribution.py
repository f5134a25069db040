"""How the tests are distributed to processes: file by file, and what takes long first."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    ("tests/dashboard/",),
    ("tests/journeys/test_documented_curl.py", "tests/journeys/test_published_overview.py"),
)
"""Tests that share what takes long to make: those of each entry stay in one process."""
APART = (
    "tests/chaos/",
    "tests/api/test_walks.py",
    "tests/journeys/test_upgrade_under_load.py",
    "tests/store/test_ledger_against_model.py",
    "tests/rerating/test_against_model.py",
)
"""Files whose tests take so long that each is distributed alone."""
FIRST = (
    "tests/store/test_upgrades.py",
    "tests/store/test_ledger_against_model.py",
    "tests/typescript/test_package.py",
    "tests/dashboard/",
    "tests/api/test_schemathesis.py",
    "tests/api/test_walks.py",
    "tests/typescript/test_server.py",
    "tests/journeys/test_rerating.py",
    "tests/ingest/test_months_against_model.py",
    "tests/fuzz/test_fuzz.py",
    "tests/store/test_copying.py",
    "tests/lifecycle/test_drafts.py",
    "tests/repo/test_readme.py",
    "tests/journeys/test_going_back.py",
    *APART,
    "tests/store/test_poolers.py",
    "tests/lifecycle/test_archived_events.py",
    "tests/lifecycle/test_restore.py",
    "tests/alerts/test_kills.py",
    "clients/python/tests/test_package.py",
    "tests/cli/test_backup.py",
    "tests/typescript/",
    "clients/python/tests/",
)
"""The longest: at the end of a run, all processes should have something to do."""


class Distribution(LoadScopeScheduling):  # type: ignore[misc]
    """Distributes files, the tests of `APART` one by one, and each entry of `TOGETHER` as one.

    The marker `xdist_group` does nothing under pytest 9.2: it changes an attribute that is gone.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the order is that of `longest_first`

    def _split_scope(self, nodeid: str) -> str:
        for paths in TOGETHER:
            if nodeid.startswith(paths):
                return paths[0]
        return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests by the entry of `FIRST` that they belong to; the others keep their order."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((n for n, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))
