"""GET /v1/events/{organization_id}/{event_id}: an event, and why it cost what it did."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw
from starlette.responses import Response

from tollbook.analytics.event import Chain, ChargedEvent, Discarded, find_chain, find_event
from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.charges import ShownCharge, sees_buy, show_charge, show_match
from tollbook.api.endpoints.paths import OrganizationPath
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import EXPLAINED_EVENT
from tollbook.api.openapi.links import leads
from tollbook.api.pipeline.access import organization_of
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import EventArchived, EventDiscarded, NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, amount_json, raw_amount, raw_quantity
from tollbook.domain.keys import ApiKey, KeyScope, Permission
from tollbook.domain.periods import day_of
from tollbook.domain.quarantine import WayOut, ways_out
from tollbook.store import directory
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.events import Reversed
from tollbook.store.quarantine import Quarantined

_NOT_FOUND = "Event not found"
_AS_IT_CAME = ("type", "user_id", "resource_id", "time", "quantity", "cost", "attributes")


class EventStatus(StrEnum):
    """Where an event is: charged, taken back, taking another back, or waiting.

    An event that was corrected in quarantine is `corrected`.
    """

    CHARGED = "charged"
    REVERSED = "reversed"
    REVERSAL = "reversal"
    QUARANTINED = "quarantined"
    CORRECTED = "corrected"


class ShownEvent(msgspec.Struct, frozen=True):
    """An event by value; `day` is its organization's own and null in quarantine."""

    id: str
    type: str
    organization_id: str
    user_id: str | None
    resource_id: str | None
    time: datetime
    day: str | None
    quantity: Raw
    cost: AmountJson | None
    attributes: dict[str, Any]
    received_at: datetime


class ShownReversal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reversal: its id, what it takes back, and why; keys of the whole tenant see whose it is."""

    id: str
    reverses: str
    reason: str
    received_at: datetime
    key: str | None = None


class ShownCorrection(msgspec.Struct, frozen=True):
    """The corrections of an event: what it corrects, and what has corrected it.

    `first` and `latest` are the ends of the chain of corrections. `reason` and `time` are those of
    the correction that the event is, or else of the one that corrected it.
    """

    corrects: str | None
    corrected_by: str | None
    first: str
    latest: str
    reason: str
    time: datetime


class Reason(msgspec.Struct, frozen=True):
    """A stable code and a sentence."""

    code: str
    error: str


class QuarantineReason(Reason, frozen=True):
    """Why an event is or was in quarantine, and its `ways_out`; none for a corrected event."""

    ways_out: tuple[WayOut, ...]


class EventAnswer(msgspec.Struct, frozen=True):
    """An event with its charge.

    `replay_mismatch` is null as long as the charge replays to what is stored; `quarantine` says
    why an event has no charge, and what helps.
    """

    success: bool
    status: EventStatus
    event: ShownEvent
    charge: ShownCharge | None
    replay_mismatch: Reason | None
    reversal: ShownReversal | None
    quarantine: QuarantineReason | None
    correction: ShownCorrection | None


class EventPath(OrganizationPath, frozen=True, kw_only=True):
    """The path of an event."""

    event_id: Annotated[str, Meta(examples=["call-7731"])]


def get_event(request: ApiRequest[AmountsQuery, EventPath], snapshot: Snapshot) -> Response:
    """Return an event from the ledger or from quarantine."""
    path, key = request.path, request.key
    organization = _organization_of(snapshot, key, path.organization_id)
    if id_problem("event_id", path.event_id):
        raise NotFound(_NOT_FOUND)
    folder = request.services.archive_folder
    return json_response(event_answer(snapshot, key.scope, organization, path.event_id, folder))


def event_answer(
    snapshot: Snapshot,
    scope: KeyScope,
    organization: OrganizationRow,
    identity: str,
    folder: Path | None,
) -> EventAnswer:
    """Return an event within a scope that may see its organization; a user sees only their own.

    `folder` has the archives that are no longer where they were written.
    """
    try:
        found = find_event(snapshot, scope.tenant_id, organization.number, identity, folder)
    except EventArchived as error:
        if scope.user_id is None:
            raise
        raise NotFound(_NOT_FOUND) from error  # only the file knows the user
    answer = None
    if isinstance(found, Discarded):
        raise _discarded(found, scope)
    if isinstance(found, ChargedEvent):
        answer = _charged(found, organization, scope)
    elif found is not None:
        answer = _quarantined(found)
    if answer is None or scope.user_id not in (None, answer.event.user_id):
        raise NotFound(_NOT_FOUND)
    chain = find_chain(snapshot, organization.number, identity)
    return answer if chain is None else _with_chain(answer, chain)


def _with_chain(answer: EventAnswer, chain: Chain) -> EventAnswer:
    """Return an answer with the corrections of its event."""
    shown = chain.made or chain.replaced
    assert shown is not None  # noqa: S101  a chain has a correction of the event
    correction = ShownCorrection(
        corrects=chain.made and chain.made.corrects,
        corrected_by=chain.replaced and chain.replaced.id,
        first=chain.first,
        latest=chain.latest,
        reason=shown.reason,
        time=instant_of(shown.received_at),
    )
    answer = msgspec.structs.replace(answer, correction=correction)
    if answer.quarantine is None or chain.replaced is None:
        return answer
    left = msgspec.structs.replace(answer.quarantine, ways_out=())
    return msgspec.structs.replace(answer, status=EventStatus.CORRECTED, quarantine=left)


def _discarded(found: Discarded, scope: KeyScope) -> NotFound | EventDiscarded:
    """Return the error for a discarded event, whose user is not known any more."""
    if scope.user_id is not None:
        return NotFound(_NOT_FOUND)
    return EventDiscarded(f"event {found.id} was discarded from quarantine and was not charged")


def _organization_of(snapshot: Snapshot, key: ApiKey, identity: str) -> OrganizationRow:
    """Return an organization; a key of the whole tenant sees the events of unknown ones too."""
    if key.scope.organization_id is None and not id_problem("organization_id", identity):
        found = directory.find_organization(snapshot, key.scope.tenant_id, identity)
        if found is not None and found.status == directory.UNKNOWN:
            return found
    return organization_of(snapshot, key, identity)


def _charged(found: ChargedEvent, organization: OrganizationRow, scope: KeyScope) -> EventAnswer:
    event, explanation = found.event, found.explanation
    meter = found.meter
    status = EventStatus.CHARGED if found.reversal is None else EventStatus.REVERSED
    if event.reverses is not None:
        status = EventStatus.REVERSAL
    shown = ShownEvent(
        id=event.id,
        type=meter.type,
        organization_id=organization.id,
        user_id=event.user_id or None,
        resource_id=event.resource_id,
        time=instant_of(event.time),
        day=day_of(event.day).isoformat(),
        quantity=raw_quantity(event.quantity),
        cost=None if event.own_cost is None else raw_amount(event.own_cost),
        attributes=msgspec.json.decode(event.attributes) if event.attributes else {},
        received_at=instant_of(event.received_at),
    )
    charge = show_charge(
        explanation,
        meter.unit,
        organization.currency,
        show_match(found.rate, explanation, found.book.name if found.book else None),
        (event.tier_key, event.stood_at),
        with_buy=sees_buy(scope),
    )
    replay_mismatch = found.replay_mismatch and Reason(
        found.replay_mismatch.code, found.replay_mismatch.reason
    )
    reversal = found.reversal and _reversal(found.reversal, scope)
    return EventAnswer(
        success=True,
        status=status,
        event=shown,
        charge=charge,
        replay_mismatch=replay_mismatch or None,
        reversal=reversal or None,
        quarantine=None,
        correction=None,
    )


def _reversal(it: Reversed, scope: KeyScope) -> ShownReversal:
    of_tenant = scope.organization_id is None
    return ShownReversal(
        it.id,
        it.reverses,
        it.reason,
        instant_of(it.received_at),
        it.key_prefix if of_tenant else None,
    )


def _quarantined(found: Quarantined) -> EventAnswer:
    event = msgspec.json.decode(found.event, type=dict[str, Raw])
    given = {name: event.get(name, Raw(b"null")) for name in _AS_IT_CAME}
    read = {
        name: msgspec.json.decode(given[name])
        for name in ("type", "user_id", "resource_id", "attributes")
    }
    shown = ShownEvent(
        id=found.id,
        type=read["type"],
        organization_id=found.organization_id,
        user_id=read["user_id"],
        resource_id=read["resource_id"],
        time=msgspec.json.decode(given["time"], type=datetime),
        day=None,
        quantity=Raw(_digits(given["quantity"])),
        cost=None if bytes(given["cost"]) == b"null" else amount_json(_digits(given["cost"])),
        attributes=read["attributes"] or {},
        received_at=instant_of(found.received_at),
    )
    because = QuarantineReason(found.code, found.reason, ways_out(found.code))
    return EventAnswer(
        success=True,
        status=EventStatus.QUARANTINED,
        event=shown,
        charge=None,
        replay_mismatch=None,
        reversal=None,
        quarantine=because,
        correction=None,
    )


def _digits(written: Raw) -> str:
    """Return the digits of a number that may have come as a text."""
    return bytes(written).strip(b'"').decode()


GET_EVENT = Endpoint(
    route="GET /v1/events/{organization_id}/{event_id}",
    name="getEvent",
    summary="Get an event and its charge",
    description=(
        "An event with its charge: each line, the rate and the version of its book, the prefix "
        "that matched, raw and billed quantity, and each step of the arithmetic in words. The "
        "charge is replayed from what is stored; should that ever give something else, "
        "`replay_mismatch` reports it with the code `replay_differs` or `rate_missing`. A "
        "quarantined event has its reason and `ways_out`, a reversed one its reversal, a corrected "
        "one and its replacement their `correction`. An archived event is read from its file; if "
        "that cannot be read, the response is 410, and so it is for a discarded event. An id may "
        "hold slashes; other characters are escaped as in any URL. A key bound to "
        "one user sees that user's events."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        EventAnswer,
        EXPLAINED_EVENT,
        links=leads("getPriceBook", version="/charge/rate/book/version")
        | leads(
            *("getUser", "getUserAnalytics", "listEvents"),
            organization_id="/event/organization_id",
            user_id="/event/user_id",
        ),
    ),
    read=get_event,
    errors=(EventArchived, EventDiscarded),
    tag="Events",
)
