"""Format exceptions for the log: their types and source lines, without their messages."""

import traceback
from pathlib import PurePath
from typing import Any

from structlog.typing import EventDict


def where_of(exc_info: Any) -> str:
    """Return the type of an exception, its causes, and the lines it passed through.

    The message is omitted: it may quote a phone number, a key or the text of a message.
    """
    described: list[str] = []
    error = exc_info[1]
    while error is not None:
        steps = [
            f"{PurePath(it.filename).name}:{it.lineno} {it.name}"
            for it in traceback.extract_tb(error.__traceback__)
        ]
        described.append(f"{type(error).__name__} at {' > '.join(steps) or 'nowhere'}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " because of ".join(described)


def discreet(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Keep the first line of a library's log entry; further lines contain values and stacks."""
    entry["event"] = str(entry["event"]).partition("\n")[0]
    entry.pop("stack_info", None)
    return entry
