"""The catalog of meters: list it, add own meters, change and retire them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from tollbook.administration.meters import (
    AddedMeters,
    MeterChange,
    add_catalog,
    add_meter,
    change_meter,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_meters import (
    ADDED_CATALOG,
    BUILT_IN_METER,
    METER,
    NEW_METER,
    RETIRED_METER,
    RETIREMENT,
)
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Flag, about, some_of
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import require_tenant_key
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.event_type_errors import NameTaken
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.meter_errors import (
    BuiltInMeter,
    MeterExists,
    MeterInUse,
    MeterPriced,
    TooManyMeters,
)
from tollbook.domain.meters import Category, Meter
from tollbook.domain.own_meters import MOST_OWN_METERS, MeterTerms
from tollbook.domain.ready_catalogs import READY_CATALOGS
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.meters import read_catalog

_WRITE = "change the catalog of meters"
_NEEDED = ("type", "unit", "category")


class MeterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A meter of the catalog.

    `has_events` and `created_at` are shown to keys of the whole tenant, and null for built-in
    meters.
    """

    type: str
    name: str
    unit: str
    category: Category
    whole: bool
    resource_required: bool
    built_in: bool
    retired_at: datetime | None
    has_events: bool | UnsetType | None = UNSET
    created_at: datetime | UnsetType | None = UNSET


class ReadyCatalog(msgspec.Struct, frozen=True):
    """A ready-made catalog, which can be added by its name."""

    name: str
    meters: list[MeterTerms]


class NewMeters(msgspec.Struct):
    """A meter to add, or the name of a ready-made catalog in `catalog` and nothing else."""

    catalog: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    name: str | UnsetType = UNSET
    whole: bool = False
    resource_required: bool = False


class MeterPath(Path, frozen=True, kw_only=True):
    """The path of a meter."""

    type: Annotated[str, about("Its type.", "whatsapp.marketing")]


class MetersQuery(Query, frozen=True, kw_only=True):
    """The query of the catalog."""

    retired: Annotated[
        Flag | None, about("`true`: only retired meters. `false`: only active ones.", False)
    ] = None
    include: Annotated[
        tuple[str, ...], some_of(("catalogs",)), about("`catalogs`: the ready-made catalogs, too.")
    ] = ()


def list_meters(call: ApiRequest[MetersQuery], snapshot: Snapshot) -> Response:
    """List the meters that the key may see, in the order of the catalog."""
    key, retired = call.key, call.query.retired
    allowed = key.limits.meters
    found = [
        meter_answer(it, key)
        for it in read_catalog(snapshot, call.tenant)
        if retired in (None, it.is_retired) and (not allowed or it.type in allowed)
    ]
    more = {"catalogs": ready_catalogs()} if call.query.include else {}
    return json_response({"success": True, "meters": found, **more})


def post_meter(call: ApiRequest, transaction: Transaction) -> Response:
    """Add a meter, or a ready-made catalog."""
    require_tenant_key(call.key, _WRITE)
    new = read_body(call.body, NewMeters)
    if new.catalog is not UNSET:
        refuse(_problems_with_catalog(new))
        result = add_catalog(transaction, call.actor, new.catalog)
        return json_response({"success": True, **added_answer(result, call.key)}, _status(result))
    result = add_meter(transaction, call.actor, _terms(new))
    (meter,) = (*result.added, *result.unchanged)
    return _meter_answer(meter, call.key, _status(result))


def patch_meter(call: ApiRequest[Query, MeterPath], transaction: Transaction) -> Response:
    """Change, retire or activate a meter."""
    require_tenant_key(call.key, _WRITE)
    change = read_body(call.body, MeterChange)
    meter = change_meter(transaction, call.actor, call.path.type, change)
    return _meter_answer(meter, call.key)


def meter_answer(meter: Meter, key: ApiKey | None = None) -> MeterAnswer:
    """Return a meter as a key sees it; the command line, which has none, sees all of it."""
    has_events: bool | UnsetType | None = UNSET
    created_at: datetime | UnsetType | None = UNSET
    if key is None or key.scope.organization_id is None:
        has_events = None if meter.built_in else meter.used_at is not None
        created_at = None if meter.built_in else instant_of(meter.created_at)
    return MeterAnswer(
        type=meter.type,
        name=meter.name or meter.type,
        unit=meter.unit,
        category=meter.category,
        whole=meter.whole,
        resource_required=meter.needs_resource,
        built_in=meter.built_in,
        retired_at=None if meter.retired_at is None else instant_of(meter.retired_at),
        has_events=has_events,
        created_at=created_at,
    )


def added_answer(result: AddedMeters, key: ApiKey | None = None) -> dict[str, list[MeterAnswer]]:
    """Return which meters of a ready-made catalog were added, and which existed."""

    def answers(some: Iterable[Meter]) -> list[MeterAnswer]:
        return [meter_answer(it, key) for it in some]

    return {"added": answers(result.added), "unchanged": answers(result.unchanged)}


def ready_catalogs() -> list[ReadyCatalog]:
    """Return the ready-made catalogs."""
    return [ReadyCatalog(name, list(meters)) for name, meters in READY_CATALOGS.items()]


def _meter_answer(meter: Meter, key: ApiKey, status: int = 200) -> Response:
    return json_response({"success": True, "meter": meter_answer(meter, key)}, status)


def _status(result: AddedMeters) -> int:
    return 201 if result.added else 200


def _problems_with_catalog(new: NewMeters) -> list[Problem]:
    """Return the fields of a meter that a request for a catalog has."""
    given = [it for it in NewMeters.__struct_fields__[1:] if getattr(new, it) not in (UNSET, False)]
    sentence = "catalog excludes the fields of a meter"
    return [Problem(it, "not_together", sentence) for it in given]


def _terms(new: NewMeters) -> MeterTerms:
    """Return the terms of one meter; raise `InvalidRequest` when a field is missing."""
    missing = [it for it in _NEEDED if getattr(new, it) is UNSET]
    refuse([Problem(it, "missing_field", f"{it} is required") for it in missing])
    fields = msgspec.structs.asdict(new)
    del fields["catalog"]
    given = {name: it for name, it in fields.items() if it is not UNSET}
    refuse([Problem("name", "empty", "name must not be empty")] if given.get("name") == "" else [])
    return MeterTerms(**given)


_ONE = answer_schema(meter=MeterAnswer)
_EXAMPLE = {"success": True, "meter": METER}
_OF_METER = leads("changeMeter", type="/meter/type")
_AUDITED = "Written to the audit log. Requires a tenant-wide key."

METER_ENDPOINTS = (
    Endpoint(
        route="GET /v1/meters",
        name="listMeters",
        summary="List meters",
        description=(
            "The catalog of the tenant, in its order: the built-in meters, then its own by "
            "category and age. A key limited to meters sees only those."
        ),
        permission=Permission.READ_ANALYTICS,
        other_permission=Permission.WRITE_EVENTS,
        answers=Body(
            answer_schema("catalogs", meters=list[MeterAnswer], catalogs=list[ReadyCatalog]),
            {"success": True, "meters": [BUILT_IN_METER, METER]},
            links=leads("changeMeter", type="/meters/1/type"),
        ),
        read=list_meters,
        tells_usage=False,
        tag="Meters",
    ),
    Endpoint(
        route="POST /v1/meters",
        name="addMeters",
        summary="Add a meter or a ready-made catalog",
        description=(
            "Adds a meter of your own: events of its `type` are accepted from then on, by every "
            "server. Its cost is in the cost of its `category` and in every total. `unit` is one "
            "word in the singular; `whole` meters have whole quantities only. With `catalog`, "
            f"adds a ready-made one, all of it or nothing: {', '.join(READY_CATALOGS)}; the answer "
            "has `added` and `unchanged`. The same meter again is 200. At most "
            f"{MOST_OWN_METERS} per tenant; none can be deleted. {_AUDITED}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewMeters, NEW_METER),
        answers={
            200: Body(_ONE, _EXAMPLE, description="It exists already.", links=_OF_METER),
            201: Body(
                answer_schema(
                    "meter",
                    "added",
                    "unchanged",
                    meter=MeterAnswer,
                    added=list[MeterAnswer],
                    unchanged=list[MeterAnswer],
                ),
                _EXAMPLE,
                examples={"meter": _EXAMPLE, "catalog": ADDED_CATALOG},
                links=_OF_METER,
            ),
        },
        write=post_meter,
        errors=(MeterExists, TooManyMeters, BuiltInMeter, NameTaken),
        tag="Meters",
    ),
    Endpoint(
        route="PATCH /v1/meters/{type}",
        name="changeMeter",
        summary="Change, retire or activate a meter",
        description=(
            "Changes what the body names. Once the meter has an event, in quarantine too, its "
            "`unit` and `category` are fixed and `whole` cannot become true (409 "
            "`meter_in_use`); once a price book has a rate for it, its `unit` is (409 "
            "`meter_priced`). With `retired: true` it accepts no more new events and keeps its "
            f"sums; `false` activates it again. {_AUDITED}"
        ),
        permission=Permission.ADMIN,
        request=Body(MeterChange, RETIREMENT),
        answers=Body(_ONE, {"success": True, "meter": RETIRED_METER}, links=_OF_METER),
        write=patch_meter,
        errors=(NotFound, MeterInUse, MeterPriced, BuiltInMeter),
        tag="Meters",
    ),
)
