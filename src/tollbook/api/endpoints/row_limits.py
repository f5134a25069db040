"""How many rows an answer may have without `limit`, and the memory that it needs for them."""

from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.domain.errors import InvalidRequest, Problem

BYTES_PER_ROW = 1_024
"""About what a row takes while it is read and written, with its text in JSON: 990 measured."""
MOST_ROWS_WITH_METERS = 1_000
_BYTES_PER_METER = 400
"""About what a meter of a row takes while it is read and written."""
_GROUPS = 4
"""How many times as much a row takes with its groups."""


def reserve_rows(request: ApiRequest, rows: int, *, is_grouped: bool = False) -> None:
    """Reserve memory for rows until they are written; raise `TooManyAnswers` for too many."""
    request.memory.reserve(rows * BYTES_PER_ROW * (_GROUPS if is_grouped else 1))


def reserve_meters(request: ApiRequest, number: int) -> None:
    """Reserve memory for meters of rows, as for rows."""
    request.memory.reserve(number * _BYTES_PER_METER)


def require_limit_of_meters(rows: int) -> None:
    """Refuse an answer in JSON that lists the meters of many rows without `limit`."""
    if rows > MOST_ROWS_WITH_METERS:
        sentence = (
            f"limit is required: the answer lists the meters of more than {MOST_ROWS_WITH_METERS} "
            "rows, so it comes in pages"
        )
        raise InvalidRequest.of([Problem("limit", "limit_required", sentence)])


def require_limit(request: ApiRequest, rows: int) -> None:
    """Refuse an answer with too many rows for one response, and name the parameter for pages."""
    most = request.services.max_answer_rows
    if rows > most:
        sentence = f"limit is required: the answer has more than {most} rows, so it comes in pages"
        raise InvalidRequest.of([Problem("limit", "limit_required", sentence)])
