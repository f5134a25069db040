"""Pages of the directory's lists, in the order of the ids."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from tollbook.api.endpoints.analytics.queries import MOST_ROWS
from tollbook.api.endpoints.row_limits import require_limit
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.api.openapi.parameter_types import about, text, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.pipeline.cursors import read_id, write_cursor
from tollbook.domain.directory import Organization, User
from tollbook.store.directory import PageOfIds

Listed = TypeVar("Listed", Organization, User)


class PageQuery(Query, frozen=True, kw_only=True):
    """The query of a list of the directory."""

    limit: Annotated[
        int | None,
        whole_number(most=MOST_ROWS),
        about(
            "How many entries at most. The answer then ends with `next_cursor`, null on the last "
            "page. Default: all of them, without `next_cursor`; required beyond 50,000.",
            100,
        ),
    ] = None
    cursor: Annotated[
        str | None, text(4_000), about("Where to go on: the `next_cursor` of the page before.")
    ] = None


def page_of(request: ApiRequest[PageQuery, Path]) -> PageOfIds:
    """Return which entries to read: one more than wanted, if there are more."""
    query = request.query
    after = "" if query.cursor is None else read_id(query.cursor)
    most = request.services.max_answer_rows if query.limit is None else query.limit
    return PageOfIds(after, most + 1)


def cut(
    request: ApiRequest[PageQuery, Path], found: Sequence[Listed]
) -> tuple[Sequence[Listed], dict[str, Any]]:
    """Return the entries of a page, and the fields that end its answer."""
    query = request.query
    if query.limit is None:
        require_limit(request, len(found))
        return found, {}
    page = found[: query.limit]
    more = len(found) > query.limit
    return page, {"next_cursor": write_cursor(page[-1].id) if more else None}
