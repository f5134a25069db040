"""Initial inputs: examples of the documentation, and the included price books."""

import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def shown(page: str, language: str) -> Iterator[str]:
    """Return the examples of a page in a language."""
    text = (_ROOT / page).read_text()
    return (it[1] for it in re.finditer(rf"```{language}\n(.*?)```", text, re.DOTALL))


def source(name: str) -> str:
    """Return the content of a source file."""
    return (_ROOT / "src" / "tollbook" / name).read_text()
