"""Which quarantined events a request selects: by parameters or, in a replay, by a body."""

from collections.abc import Sequence
from datetime import UTC, date
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tollbook.analytics.completeness import instants_of
from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.analytics.queries import OrganizationId
from tollbook.api.openapi.parameter_types import (
    Flag,
    Moment,
    about,
    escaped_list,
    meter_type,
    some_of,
    write_escaped_list,
)
from tollbook.api.openapi.parameters import read_query
from tollbook.api.pipeline.access import organization_of, require_organization_key
from tollbook.api.pipeline.json_body import read_body
from tollbook.domain.catalog import Catalog, known_types
from tollbook.domain.directory import id_problem, zone
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.keys import ApiKey
from tollbook.domain.periods import Period
from tollbook.domain.quarantine import CODES, MOST_IDS, Selection
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.meters import read_catalog

_MOMENTS = (
    "an RFC 3339 time such as 2024-01-15T10:30:00Z, or YYYY-MM-DD in the time zone of the "
    "organization, without one in UTC"
)


class SelectionQuery(AmountsQuery, frozen=True, kw_only=True):
    """The parameters that select quarantined events."""

    organization_id: Annotated[OrganizationId | None, about("Only this organization's events.")] = (
        None
    )
    codes: Annotated[
        tuple[str, ...],
        some_of(CODES),
        about("Only events with these reasons.", ["no_price", "no_price_book"]),
    ] = ()
    ids: Annotated[
        tuple[str, ...],
        escaped_list(MOST_IDS),
        about(
            "Only the events of the organization with these ids, separated by commas. A comma or a "
            "backslash in an id is preceded by a backslash.",
            ["call-7731", "call-7733"],
        ),
    ] = ()
    type: Annotated[
        str | None,
        meter_type(),
        about("Only events of this type.", "voice.call"),
    ] = None
    start_date: Annotated[
        Moment | None,
        about(f"Only events from then on, by their own time: {_MOMENTS}.", "2024-01-01"),
    ] = None
    end_date: Annotated[
        Moment | None,
        about(
            f"Only events until then: {_MOMENTS}. An instant is excluded, a day is included.",
            "2024-01-31",
        ),
    ] = None


class ReplayQuery(SelectionQuery, frozen=True, kw_only=True):
    """The query of a replay."""

    dry_run: Annotated[Flag, about("Report what a replay would do, and write nothing.", True)] = (
        False
    )


class ReplayBody(msgspec.Struct):
    """The parameters of a replay as a JSON object, for more ids than an address holds."""

    organization_id: str | UnsetType = UNSET
    codes: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    ids: Annotated[list[str], Meta(min_length=1, max_length=MOST_IDS)] | UnsetType = UNSET
    type: str | UnsetType = UNSET
    start_date: str | UnsetType = UNSET
    end_date: str | UnsetType = UNSET
    dry_run: bool | UnsetType = UNSET


class SelectedEvents(NamedTuple):
    """A selection, and the organization that it names."""

    selection: Selection
    organization: OrganizationRow | None


def read_replay(parameters: Sequence[tuple[str, str]], body: bytes) -> ReplayQuery:
    """Read the parameters of a replay from its query and its body, which may be empty."""
    fields = msgspec.to_builtins(read_body(body, ReplayBody)) if body else {}
    given = [(name, _as_parameter(value)) for name, value in fields.items()]
    return read_query(ReplayQuery, [*parameters, *given])


def _as_parameter(value: Any) -> str:
    """Return the value of a field in the form of a parameter."""
    if isinstance(value, list):
        return write_escaped_list(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def selected(snapshot: Snapshot, key: ApiKey, query: SelectionQuery) -> SelectedEvents:
    """Return the selection of a query; a key of an organization selects its own events only."""
    require_organization_key(key, "read or replay quarantined events")
    identity = query.organization_id or key.scope.organization_id
    organization = None if identity is None else find_organization(snapshot, key, identity)
    return selection_of(
        organization,
        query.codes,
        query.ids,
        code_of(read_catalog(snapshot, key.scope.tenant_id), query.type),
        query.start_date,
        query.end_date,
    )


def code_of(catalog: Catalog, event_type: str | None) -> int | None:
    """Return the code of a meter; raise `InvalidRequest` for one that the tenant does not have."""
    if event_type is None:
        return None
    (known,) = known_types([event_type], catalog, field="type")
    return catalog.by_type[known].code


def selection_of(
    organization: OrganizationRow | None,
    codes: tuple[str, ...],
    ids: tuple[str, ...],
    meter: int | None,
    start: date | int | None,
    end: date | int | None,
) -> SelectedEvents:
    """Return a selection, with days in the organization's time zone, by default in UTC.

    Raise `InvalidRequest` when it ends before it starts, or has ids without an organization.
    """
    first, last = _first_instant(start, organization), _last_instant(end, organization)
    problems = []
    if ids and organization is None:
        sentence = "organization_id is required with ids"
        problems.append(Problem("organization_id", "missing_parameter", sentence))
    if first is not None and last is not None and first >= last:
        sentence = "start_date must be before end_date"
        problems.append(Problem("start_date", "invalid_period", sentence))
    refuse(problems)
    selection = Selection(
        organization=organization.number if organization else None,
        codes=codes,
        ids=tuple(dict.fromkeys(ids)),
        meter=meter,
        start=first,
        end=last,
    )
    return SelectedEvents(selection, organization)


def find_organization(snapshot: Snapshot, key: ApiKey, identity: str) -> OrganizationRow:
    """Return an organization, which may be one that only events have named."""
    if key.scope.organization_id is not None:
        return organization_of(snapshot, key, identity)
    found = None
    if not id_problem("organization_id", identity):
        found = directory.find_organization(snapshot, key.scope.tenant_id, identity)
    if found is None:
        raise NotFound("Organization not found")
    return found


def _first_instant(start: date | int | None, organization: OrganizationRow | None) -> int | None:
    return _instants(start, organization)[0] if isinstance(start, date) else start


def _last_instant(end: date | int | None, organization: OrganizationRow | None) -> int | None:
    """Return the instant before which events are selected."""
    return _instants(end, organization)[1] + 1 if isinstance(end, date) else end


def _instants(day: date, organization: OrganizationRow | None) -> tuple[int, int]:
    """Return the first and the last microsecond of a day."""
    timezone = organization.timezone if organization else str(UTC)
    return instants_of(Period(day, day), zone(timezone))
