"""Notifications: what happened, once, and whom it concerns."""

import base64
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

MARK = "ntf_"
_ID_LENGTH = 26


class NotificationType(StrEnum):
    """Everything that is notified."""

    TRIGGER_REACHED = "trigger.reached"
    TRIGGER_CLEARED = "trigger.cleared"
    BUDGET_REACHED = "budget.reached"
    BUDGET_CLEARED = "budget.cleared"
    EVENT_UNPRICED = "event.unpriced"
    QUARANTINE_GROWING = "quarantine.growing"
    USAGE_SILENT = "usage.silent"
    USAGE_RESUMED = "usage.resumed"
    KEY_EXPIRING = "key.expiring"
    RERATING_DONE = "rerating.done"
    RERATING_STOPPED = "rerating.stopped"
    REPORT_READY = "report.ready"
    ENDPOINT_DISABLED = "endpoint.disabled"
    ENDPOINT_TEST = "endpoint.test"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What happened.

    `occasion` identifies it among those of its type: the same occasion is notified once. `at` is
    when it became true, in microseconds since 1970. `organization` is the organization's number,
    None for the whole tenant. `meter` is the type of the meter that it is about, if it is about
    one: keys that are limited to meters see no others. `to_tenant` and `to_organization` are whose
    endpoints receive it, all of them unless `endpoint_ids` names some. `data` must be JSON without
    personal data.
    """

    tenant: str
    type: NotificationType
    occasion: tuple[str | int | None, ...]
    at: int
    data: Mapping[str, Any]
    organization: int | None = None
    user_id: str | None = None
    trigger_id: str | None = None
    meter: str | None = None
    to_tenant: bool = True
    to_organization: bool = False
    endpoint_ids: tuple[str, ...] | None = None

    @property
    def id(self) -> str:
        """Return the id, which a restored database gives to the same occasion again."""
        content = msgspec.json.encode((self.tenant, self.type, self.occasion))
        return MARK + id_of(content)


def id_of(content: bytes) -> str:
    """Return 26 lower-case letters and digits that identify a content."""
    return base64.b32encode(hashlib.sha256(content).digest()).decode().lower()[:_ID_LENGTH]
