"""A platform to move to another database, and what to compare there."""

from contextlib import closing
from typing import Any

from tests.builders import Platform, correction, event, reversal
from tollbook.domain.quarantine import QuarantineAction
from tollbook.store.copied_tables import DIRECTORY_TABLES, LEDGER_TABLES
from tollbook.store.database import Database, open_database

TABLES = (*LEDGER_TABLES, *DIRECTORY_TABLES)


def moved_platform(database: Database) -> Platform:
    """Make a platform with events: charged, reversed, corrected and in quarantine."""
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2", timezone="Europe/Berlin")
    number = {"attributes": {"to": "+14155550100"}}
    platform.send(
        *(
            event(id=f"call-{it}", time=f"2024-0{it % 3 + 1}-15T10:30:00Z", **number)
            for it in range(20)
        ),
        event(id="other", organization_id="org_2", user_id="Ü"),
        event(id="no price", type="phone.rental", resource_id="+14155550100", quantity=3),
        event(id="kb", type="kb.usage", resource_id="kb-1", user_id=None),
        event(id="away", organization_id="org_3"),
    )
    platform.reverse(reversal("call-3"))
    platform.correct(correction("call-4", quantity=7))
    platform.run_over_quarantine(QuarantineAction.REPLAY)
    return platform


def rows_of(url: str) -> dict[str, set[tuple[Any, ...]]]:
    with closing(open_database(url)) as database, database.reading() as snapshot:
        return {
            table.name: {row for rows in table.pages(snapshot) for row in rows} for table in TABLES
        }
