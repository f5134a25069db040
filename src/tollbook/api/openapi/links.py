"""Where an answer leads: OpenAPI links, from what it holds to the parameters of operations."""

from collections.abc import Iterable
from typing import Any

Links = dict[str, dict[str, str]]
"""By operation, what its parameters are: a pointer into the answer, or a runtime expression."""

SAME_PERIOD = {"start_date": "/period/start", "end_date": "/period/end"}
_NEXT = {"cursor": "/next_cursor", "after": "/next_after"}


def leads(*operations: str, **parameters: str) -> Links:
    """Lead from an answer to operations, all with the same parameters."""
    return dict.fromkeys(operations, parameters)


def next_page(operation: str, path: Iterable[str], query: Iterable[str]) -> Links:
    """Lead from a page to the next one of the same list, which has the same parameters."""
    in_query = {name: f"$request.query.{name}" for name in query}
    onward = {name: place for name, place in _NEXT.items() if name in in_query}
    in_path = {name: f"$request.path.{name}" for name in path}
    return {operation: in_path | in_query | onward} if onward else {}


def described(links: Links) -> dict[str, Any]:
    """Write links as OpenAPI has them, each under the name of its operation."""
    return {
        operation: {
            "operationId": operation,
            "parameters": {name: _expression(place) for name, place in parameters.items()},
        }
        for operation, parameters in links.items()
    }


def _expression(place: str) -> str:
    return f"$response.body#{place}" if place.startswith("/") else place
