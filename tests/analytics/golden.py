"""Golden SQL: one file for each family of statements, each statement under its name.

`TOLLBOOK_TEST_WRITE_GOLDEN=1` writes the files instead: `git diff` shows what has changed.
"""

import os
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "golden"


def lines_of(statements: Mapping[str, str]) -> list[str]:
    """Return the lines that the file of these statements must have."""
    text = "\n".join(f"-- {name}{statement}" for name, statement in statements.items())
    return text.splitlines()


def golden_lines(family: str, statements: Mapping[str, str]) -> list[str]:
    """Return the lines of a family's file."""
    path = _FOLDER / f"{family}.sql"
    if os.environ.get("TOLLBOOK_TEST_WRITE_GOLDEN"):
        path.write_text("\n".join(lines_of(statements)) + "\n")
    return path.read_text().splitlines()
