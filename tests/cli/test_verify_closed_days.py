"""tollbook verify: the columns of closed days are what the sums add up to."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tollbook.lifecycle.close_days import close_days
from tollbook.store.database import open_database
from tollbook.wiring import now


def test_columns_that_differ_are_named_and_rebuilt(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    command = Tollbook(capsys, tmp_path)
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event())
        close_days(database, now(), fewest=(0, 0))
        assert command("verify").out.endswith("closed_days: all agree\n")
        with database.writing() as transaction:
            transaction.execute("UPDATE closed_days SET users = '[\"other\"]'")
    (difference,) = command.json("verify", code=1)["differences"]
    assert difference == {
        "check": "closed_days",
        "side": "only kept",
        "row": {"organization_id": 1, "day": 20240115},
    }
    assert command.json("verify", "--rebuild")["rebuilt"] == []
