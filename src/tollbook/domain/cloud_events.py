"""The ids of CloudEvents: `ce:`, the source, a bar and the id of the event."""

from collections.abc import Mapping
from typing import NamedTuple

from tollbook.domain.problem import Problem


class CloudOrigin(NamedTuple):
    """Where an event that was a CloudEvent has its fields from.

    `names` are the sender's names of fields. `mapped_type` is the type that the sender named, if it
    is mapped to the meter.
    """

    names: Mapping[str, str]
    mapped_type: str | None = None


RESERVED_PREFIX = "ce:"
"""How the ids of CloudEvents begin; no other new id may begin so."""
_BAR = "|"
RESERVED_ID = Problem(
    "id",
    "reserved_id",
    f"id must not begin with {RESERVED_PREFIX}, which is reserved for the ids of CloudEvents",
)


def build_id(source: str, identity: str) -> str:
    """Return the id of an event from the `source` and `id` of a CloudEvent.

    In the source, `~` becomes `~0` and `|` becomes `~1`; the rest is kept as it is.
    """
    escaped = source.replace("~", "~0").replace(_BAR, "~1")
    return f"{RESERVED_PREFIX}{escaped}{_BAR}{identity}"


def split_id(event_id: str) -> tuple[str, str] | None:
    """Return the `source` and `id` of the CloudEvent that an id was built from; else None."""
    rest = event_id.removeprefix(RESERVED_PREFIX)
    escaped, bar, identity = rest.partition(_BAR)
    if rest == event_id or not bar:
        return None
    return escaped.replace("~1", _BAR).replace("~0", "~"), identity


def is_reserved(event_id: str) -> bool:
    """Return whether only a CloudEvent may have an id."""
    return event_id.startswith(RESERVED_PREFIX)
