"""Pages of the directory's lists, in the order of the ids."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from tollbook.api.endpoints.analytics.queries import MOST_ROWS
from tollbook.api.openapi.parameter_types import about, text, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.pipeline.cursors import read_id, write_cursor
from tollbook.domain.directory import Organization, User
from tollbook.store.directory import EVERY_ROW, PageOfIds

Listed = TypeVar("Listed", Organization, User)


class PageQuery(Query, frozen=True, kw_only=True):
    """The query of a list of the directory."""

    limit: Annotated[
        int | None,
        whole_number(most=MOST_ROWS),
        about(
            "How many entries at most. The answer then ends with `next_cursor`, null on the last "
            "page. Default: all of them, without `next_cursor`.",
            100,
        ),
    ] = None
    cursor: Annotated[
        str | None, text(4_000), about("Where to go on: the `next_cursor` of the page before.")
    ] = None

    @property
    def page(self) -> PageOfIds:
        """Return which entries to read: one more than wanted, if there are more."""
        after = "" if self.cursor is None else read_id(self.cursor)
        return PageOfIds(after, EVERY_ROW if self.limit is None else self.limit + 1)


def cut(query: PageQuery, found: Sequence[Listed]) -> tuple[Sequence[Listed], dict[str, Any]]:
    """Return the entries of a page, and the fields that end its answer."""
    if query.limit is None:
        return found, {}
    page = found[: query.limit]
    more = len(found) > query.limit
    return page, {"next_cursor": write_cursor(page[-1].id) if more else None}
