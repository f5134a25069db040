"""The table of conformance cases, `clients/conformance.json`, as the server produces it."""

import json
import tempfile
from pathlib import Path

from tests.builders import Json
from tests.conformance import answers, errors, retries, sending
from tests.conformance.recorder import INSTANT, KEY, recording
from tollbook.store.database import open_database
from tollbook.store.migrate import migrate

PATH = Path(__file__).parents[2] / "clients" / "conformance.json"
_GROUPS = (
    answers.answers,
    errors.errors,
    retries.retries,
    answers.states,
    answers.pages,
    sending.receipts,
    sending.failures,
    sending.pauses,
    sending.halves,
)


def document() -> Json:
    """Return the table: each case, the key of the runners, and the clock."""
    with tempfile.TemporaryDirectory() as folder:
        migrated = _migrated(Path(folder))
        with recording(Path(folder), migrated) as recorder:
            own_key = recorder.get("/v1/keys/self")["response"]
            cases = [case for group in _GROUPS for case in group(recorder)]
    return {
        "version": 1,
        "api_key": KEY,
        "instant": INSTANT // 1_000_000,
        "own_key": own_key,
        "cases": cases,
    }


def _migrated(folder: Path) -> Path:
    path = folder / "migrated.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


def as_text() -> str:
    """Return the table as the file has it."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
