"""The files of an import: names, patterns and standard input."""

import glob
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tollbook.records.csv_rows import COMMENT
from tollbook.records.rows import SourceRefused

STANDARD_INPUT = "-"


def input_files(names: Sequence[str]) -> list[str]:
    """Return the files of names and patterns, in order.

    A pattern passes over files of refused rows. Raise `SourceRefused` for a name that is no
    readable file.
    """
    found: list[str] = []
    for name in names:
        if name == STANDARD_INPUT:
            found.append(name)
        elif Path(name).exists() or not glob.has_magic(name):
            _check(name)
            found.append(name)
        else:
            names_found = sorted(glob.glob(name))  # noqa: PTH207  patterns may be absolute
            matches = [it for it in names_found if not is_of_refused_rows(Path(it))]
            if not matches:
                raise SourceRefused(f"no file matches {name}")
            found += matches
    return found


def is_of_refused_rows(path: Path) -> bool:
    """Return whether a path is a folder or a file that an import wrote for its refused rows."""
    try:
        with path.open("rb") as file:
            return file.read(len(COMMENT)) == COMMENT
    except OSError:
        return True


def opened(name: str) -> BinaryIO:
    """Open a file or standard input."""
    return sys.stdin.buffer if name == STANDARD_INPUT else Path(name).open("rb")


def _check(name: str) -> None:
    try:
        with Path(name).open("rb"):
            pass
    except FileNotFoundError as error:
        raise SourceRefused(f"there is no file {name}") from error
    except OSError as error:
        raise SourceRefused(f"{name} cannot be read: {error.strerror}") from error
