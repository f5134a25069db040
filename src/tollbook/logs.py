"""Configure logging: JSON lines on standard error."""

import logging
import sys
import threading
from contextlib import suppress

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from tollbook.api.pipeline.request_ids import with_request_id
from tollbook.domain.visible import visible_json
from tollbook.settings import Settings
from tollbook.traces import discreet, where_of


def silence_logging() -> None:
    """Turn logging off, because commands print their errors."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def configure_logging(settings: Settings) -> None:
    """Log JSON lines of all components to standard error."""
    level = level_of(settings)
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        with_request_id,
    ]
    rendering: list[Processor] = [
        structlog.processors.ExceptionRenderer(where_of),
        structlog.processors.JSONRenderer(),
        _escaped,
    ]
    others = ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[ProcessorFormatter.remove_processors_meta, discreet, *rendering],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(others)
    logging.getLogger("uvicorn.error").setLevel(
        logging.ERROR
    )  # the HTTP protocol logs its own errors
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_Stderr()),  # type: ignore[arg-type]
    )
    threading.excepthook = _log_end_of_thread


def _escaped(_logger: object, _method: str, line: object) -> str:
    """Escape characters that control a terminal."""
    return visible_json(str(line))


class _Stderr:
    """Standard error that ignores errors such as a full disk or a closed pipe."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def level_of(settings: Settings) -> int:
    """Return the lowest level that is logged, as a number of `logging`."""
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def print_lines(lines: str) -> None:
    """Print lines in one write, so that other output does not split them."""
    sys.stderr.write(lines)
    sys.stderr.flush()


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Log a thread that an exception has ended, without the message that Python would print."""
    name = ended.thread.name if ended.thread else None
    exc_info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    structlog.get_logger().error("thread_ended", thread=name, exc_info=exc_info)
