"""What the client knows of an operation of the server: one row of the generated table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, by its `operationId`.

    `answers` has the type of the answer by status. If the operation has pages, `rows` is the field
    with the rows of a page, and `cursor` the parameter that names the next one. A `repeatable`
    operation may be sent again when its answer is lost.
    """

    name: str
    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: frozenset[str]
    answers: Callable[[], dict[int, Any]]
    rows: str | None
    cursor: str | None
    repeatable: bool
