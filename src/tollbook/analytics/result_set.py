"""What the questions by user and by organization share: what to read, and what was read."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from tollbook.analytics.filters import Filters, Sort
from tollbook.analytics.groups import Group, Groups, groups_table, write_groups
from tollbook.analytics.row_details import NOTHING_MORE, RowDetails, Wanted
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Table
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row


class RowsQuestion(NamedTuple):
    """The rows to read, and their order.

    Without `with_extras`, only the rows and their groups are read. `wanted` is what is read besides
    the documented figures.
    """

    scope: QuestionScope
    period: Period
    filters: Filters = Filters()
    sort: Sort = Sort()
    group_by: str | None = None
    with_extras: bool = True
    wanted: Wanted = NOTHING_MORE

    @property
    def is_plain(self) -> bool:
        """Return whether all rows are read, in the default order."""
        return (self.filters, self.sort, self.group_by) == (Filters(), Sort(), None)


class ResultSet(NamedTuple):
    """All rows of a question in their order, with their groups and the row of their sums.

    `organization_level` is the row of usage not attributed to a user, and `currencies` has the
    currency of each organization by its id. `summed_currency` is set if the sums leave out
    organizations in other currencies. `details` are margins and meters, if they are asked for.
    """

    rows: list[Row]
    groups: Groups
    total: Row | None = None
    organization_level: Row | None = None
    currencies: Mapping[str, str] = {}
    summed_currency: str | None = None
    catalog: Catalog = BUILT_IN
    details: RowDetails | None = None


class ReportedRows(NamedTuple):
    """The rows of a result to report: all, or those of a page."""

    rows: list[Row]
    with_totals: bool = False
    is_page: bool = False


class RowsKind(NamedTuple):
    """How one kind of rows, of users or of organizations, is read and reported.

    `count_rows` returns how many rows there are to choose from, `report` the JSON of rows, `totals`
    the fields that `include=totals` adds to it.
    """

    count_rows: Callable[[Snapshot, QuestionScope], int]
    read: Callable[[Snapshot, RowsQuestion], ResultSet]
    report: Callable[[RowsQuestion, ResultSet, list[Row]], Any]
    totals: Callable[[ResultSet], dict[str, Any]]
    table: Callable[[RowsQuestion, ResultSet, ReportedRows], Table]


def rows_table(
    layout: RowLayout, question: RowsQuestion, result: ResultSet, selection: ReportedRows
) -> Table:
    """Return rows as a table, or their groups; its totals are of all rows, not of a page."""
    total = result.total if selection.with_totals else None
    if question.group_by is None:
        return layout.table(selection.rows, total)
    return groups_table(
        selection.rows, result.groups, layout, question.group_by, total, result.catalog
    )


def write_groups_of(identity: str, result: ResultSet, group_by: str) -> list[Group]:
    """Return the groups of a row as they are answered, with their margins if asked for."""
    groups, details = result.groups.get(identity, ()), result.details
    if details is None:
        return write_groups(groups, group_by, result.catalog)
    return write_groups(groups, group_by, result.catalog, partial(details.group_fields, identity))
