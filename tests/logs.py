"""What is logged in this process."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.testing import capture_logs


@contextmanager
def captured_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Capture every line, also after a command of another test has silenced the logs."""
    configured = structlog.get_config()
    structlog.reset_defaults()
    try:
        with capture_logs() as logged:
            yield logged
    finally:
        structlog.configure(**configured)
