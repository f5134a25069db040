"""The errors of all drivers as Tollbook's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tollbook.domain.errors import TollbookError, Unreachable
from tollbook.domain.limit_errors import SumOutOfRange
from tollbook.store.driver_errors import Failure, unavailable
from tollbook.store.engines import ENGINES

_log = structlog.get_logger()
_TABLES = {engine.errors.driver_error: engine.errors for engine in ENGINES}
_DRIVER_ERRORS: tuple[type[Exception], ...] = (DBAPIError, *_TABLES)


@contextmanager
def translate_errors(consequence: str = "") -> Iterator[None]:
    """Turn the drivers' errors into Tollbook's; the sentences end with the `consequence`."""
    try:
        yield
    except PoolTimeout as error:
        _log.error("store_failed", error=str(error))
        raise Unreachable(f"all connections to the database are in use{consequence}") from error
    except _DRIVER_ERRORS as error:
        cause = (error.orig if isinstance(error, DBAPIError) else None) or error
        raise _translated(cause, consequence) from error


def _translated(cause: BaseException, consequence: str) -> TollbookError:
    failure = Failure(cause, str(cause).strip(), consequence)
    (errors,) = [table for kind, table in _TABLES.items() if isinstance(cause, kind)]
    translate = next((rule.error for rule in errors.rules if rule.matches(cause)), unavailable)
    translated = translate(failure)
    if not isinstance(translated, SumOutOfRange):
        _log.error("store_failed", error=errors.message(cause))
    return translated
