"""A tenant's catalog: the built-in meters and its own."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache

from tollbook.domain.errors import Problem, refuse
from tollbook.domain.event_types import NO_EVENT_TYPES, EventTypes
from tollbook.domain.meters import BY_CODE, BY_TYPE, CATALOG, Category, Meter
from tollbook.domain.own_meters import LONGEST_TYPE, category_of_code

MOST_HINTS = 20
"""Unknown types of a request for which the nearest one is sought: each takes up to 0.1 seconds."""
_NEAR = 0.6
"""How much of two types must be alike for a hint, as in `difflib`."""


def _place(meter: Meter) -> tuple[int, int, str]:
    return list(Category).index(meter.category), meter.created_at, meter.type


class Catalog:
    """The meters of a tenant, of one state of its directory.

    `meters` are in the order of the catalog: the built-in ones, then its own by category and age.
    `event_types` are the meters of its mapped types of CloudEvents.
    """

    def __init__(self, own: Iterable[Meter] = (), event_types: EventTypes = NO_EVENT_TYPES) -> None:
        self.event_types = event_types
        self.own = tuple(sorted(own, key=_place))
        self.meters = (*CATALOG, *self.own)
        self.by_type = {**BY_TYPE, **{it.type: it for it in self.own}} if self.own else BY_TYPE
        self.by_code = {**BY_CODE, **{it.code: it for it in self.own}} if self.own else BY_CODE
        self.unused = {it.code: it for it in self.own if it.used_at is None}

    def __eq__(self, other: object) -> bool:
        """Return whether another catalog has the same meters and mapped types."""
        if not isinstance(other, Catalog):
            return False
        return self.own == other.own and self.event_types == other.event_types

    def __hash__(self) -> int:
        """Return a hash of the tenant's own meters."""
        return hash(self.own)

    def __iter__(self) -> Iterator[Meter]:
        """Iterate over the meters in the order of the catalog."""
        return iter(self.meters)

    @property
    def is_built_in(self) -> bool:
        """Return whether the tenant has added nothing, so that the catalog is of every state."""
        return not self.own and not self.event_types

    def of_code(self, code: int) -> Meter:
        """Return the meter of a stored code.

        `verify` reports a code that no meter has; answers show it under a name of its own.
        """
        return self.by_code.get(code) or _unknown(code)

    def in_order(self, types: Iterable[str]) -> list[str]:
        """Return types in the order of the catalog."""
        wanted = set(types)
        return [it.type for it in self.meters if it.type in wanted]

    def hint(self, _type: str) -> str | None:
        """Return the known type to name in the refusal of an unknown one; here none is sought."""
        return None

    def nearest(self, type_: str, allowed: Collection[str] = ()) -> str | None:
        """Return the type that is most like an unknown one, of those allowed; None if none is."""
        if len(type_) > LONGEST_TYPE:
            return None
        active = (it.type for it in self.meters if not it.is_retired)
        names = [it for it in active if not allowed or it in allowed]
        return next(iter(get_close_matches(type_, names, n=1, cutoff=_NEAR)), None)


class HintingCatalog(Catalog):
    """A catalog for one request, which seeks the nearest known type of a few unknown ones.

    `allowed` are the only types that the sender may name, if there are any.
    """

    def __init__(self, catalog: Catalog, allowed: Collection[str] = ()) -> None:
        super().__init__(catalog.own, catalog.event_types)
        self._allowed = allowed
        self._hints: dict[str, str | None] = {}

    def hint(self, type_: str) -> str | None:
        """Return the known type that is most like an unknown one; None after many unknown types."""
        if type_ not in self._hints:
            if len(self._hints) >= MOST_HINTS:
                return None
            self._hints[type_] = self.nearest(type_, self._allowed)
        return self._hints[type_]


BUILT_IN = Catalog()
"""The catalog of a tenant without own meters."""


def known_types(
    types: Sequence[str], catalog: Catalog, allowed: Collection[str] = (), field: str = "meter"
) -> tuple[str, ...]:
    """Return types in the order of the catalog.

    Raise `InvalidRequest` for a type that the tenant does not have, with the nearest one of those
    `allowed` for the sender, if there are any.
    """
    hints = HintingCatalog(catalog, allowed)
    unknown = (it for it in types if it not in catalog.by_type)
    refuse(
        Problem(field, "invalid_choice", unknown_meter_sentence(f"{field} {it}", hints.hint(it)))
        for it in unknown
    )
    return tuple(catalog.in_order(types))


def unknown_meter_sentence(field: str, nearest: str | None) -> str:
    """Return the sentence about a type that no meter has, with the nearest one that has."""
    near = f"; the nearest meter is {nearest}" if nearest else ""
    return (
        f"{field} is unknown{near}. GET /v1/meters lists the meters, and POST /v1/meters or "
        "tollbook meters add adds one"
    )


@lru_cache(1024)
def _unknown(code: int) -> Meter:
    category = category_of_code(code) or Category.MESSAGING
    return Meter(f"unknown.code_{code}", code, category, "unit", built_in=False)
