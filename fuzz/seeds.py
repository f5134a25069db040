"""Inputs to begin with: what the documentation shows, and the books that come with Tollbook."""

import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def shown(page: str, language: str) -> Iterator[str]:
    """Give the examples of a page that are in a language."""
    text = (_ROOT / page).read_text()
    return (it[1] for it in re.finditer(rf"```{language}\n(.*?)```", text, re.DOTALL))


def source(name: str) -> str:
    """Give a file of the sources."""
    return (_ROOT / "src" / "tollbook" / name).read_text()
