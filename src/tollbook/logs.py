"""What is logged, and in which form: lines of JSON on standard error."""

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
    """Log nothing: a command says in a sentence what went wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def configure_logging(settings: Settings) -> None:
    """Log lines of JSON to standard error, whoever has something to say."""
    level = level_of(settings)
    told: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        with_request_id,
    ]
    written: list[Processor] = [
        structlog.processors.ExceptionRenderer(where_of),
        structlog.processors.JSONRenderer(),
        _escaped,
    ]
    others = ProcessorFormatter(
        foreign_pre_chain=told,
        processors=[ProcessorFormatter.remove_processors_meta, discreet, *written],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(others)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # less is told by `api.wire`
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    structlog.configure(
        processors=[*told, *written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_Stderr()),  # type: ignore[arg-type]
    )
    threading.excepthook = _log_end_of_thread


def _escaped(_logger: object, _method: str, line: object) -> str:
    """Keep characters that act on a terminal out of a line."""
    return visible_json(str(line))


class _Stderr:
    """Standard error, whose full disk or closed pipe is no reason to end what was logged."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def level_of(settings: Settings) -> int:
    """Give the level from which lines are logged, as `logging` counts them."""
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def print_lines(lines: str) -> None:
    """Print lines at once: what others print meanwhile comes before or after them."""
    sys.stderr.write(lines)
    sys.stderr.flush()


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Tell of a thread that a defect has ended, in our form: Python's quotes the exception."""
    name = ended.thread.name if ended.thread else None
    exc_info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    structlog.get_logger().error("thread_ended", thread=name, exc_info=exc_info)
