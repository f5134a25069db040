"""The names of CloudEvents types that a tenant has mapped to meters."""

from collections.abc import Mapping

from tollbook.domain.directory import text_problem
from tollbook.domain.errors import Problem

EventTypes = Mapping[str, str]
"""The meter of each mapped type, by its name."""
NO_EVENT_TYPES: EventTypes = {}
LONGEST_TYPE = 255
MOST_EVENT_TYPES = 1_000
"""The most mapped types of a tenant."""


def event_type_problem(name: str) -> Problem | None:
    """Return the problem with the name of a type that is to be mapped."""
    return text_problem("type", name, LONGEST_TYPE)
