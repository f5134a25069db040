"""Exceptions as a log may hold them: what kind, and where, never what was in them."""

import traceback
from pathlib import PurePath
from typing import Any

from structlog.typing import EventDict


def where_of(exc_info: Any) -> str:
    """Name an exception, its causes, and the lines it came through.

    Its message is left out: it may quote a number, a key or the text of a message.
    """
    told: list[str] = []
    error = exc_info[1]
    while error is not None:
        steps = [
            f"{PurePath(it.filename).name}:{it.lineno} {it.name}"
            for it in traceback.extract_tb(error.__traceback__)
        ]
        told.append(f"{type(error).__name__} at {' > '.join(steps) or 'nowhere'}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " because of ".join(told)


def discreet(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Keep the first line of what somebody else logs: below it stand values, and stacks."""
    entry["event"] = str(entry["event"]).partition("\n")[0]
    entry.pop("stack_info", None)
    return entry
