"""Register the origins of the pages that may show a tenant's usage."""

from collections.abc import Iterable

import msgspec

from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.origin_errors import TooManyOrigins
from tollbook.domain.origins import (
    MOST_CHARACTERS,
    MOST_ORIGINS,
    MOST_TOKEN_CHARACTERS,
    check_origin,
)
from tollbook.store import origins
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.origins import OriginRow
from tollbook.store.versions import change_token


class NewOrigin(msgspec.Struct):
    """An origin to register."""

    origin: str


def add_origin(transaction: Transaction, actor: Actor, text: str) -> tuple[OriginRow, bool]:
    """Register an origin; return it, and whether it is new.

    Raise `InvalidOrigin` for any other text, and `TooManyOrigins` at the limits of a tenant.
    """
    # Changing the directory's row first makes parallel changes wait for each other.
    change_token(transaction, actor.tenant)
    origin = check_origin(text)
    known = origins.list_origins(transaction, actor.tenant)
    found = next((it for it in known if it.origin == origin), None)
    if found:
        return found, False
    if len(known) >= MOST_ORIGINS:
        raise TooManyOrigins(f"a tenant may register at most {MOST_ORIGINS} origins")
    if sum(len(it.origin) for it in known) + len(origin) > MOST_CHARACTERS:
        sentence = f"the origins of a tenant may have at most {MOST_CHARACTERS} characters together"
        raise TooManyOrigins(sentence)
    row = OriginRow(origin, actor.at)
    origins.add_origin(transaction, actor.tenant, row)
    write_act(transaction, actor, "origin.add", f"origin {origin}", {})
    return row, True


def remove_origin(transaction: Transaction, actor: Actor, text: str) -> OriginRow:
    """Remove an origin and return it; raise `NotFound` when it is not registered."""
    change_token(transaction, actor.tenant)
    known = origins.list_origins(transaction, actor.tenant)
    found = next((it for it in known if it.origin == text), None)
    if found is None:
        raise NotFound("Origin not found")
    origins.remove_origin(transaction, actor.tenant, text)
    write_act(transaction, actor, "origin.remove", f"origin {text}", {})
    return found


def require_registered(snapshot: Snapshot, tenant: str, named: Iterable[str]) -> None:
    """Raise `InvalidRequest` for origins of a token that are not registered, or too long."""
    named = tuple(named)
    known = {it.origin for it in origins.list_origins(snapshot, tenant)} if named else set()
    problems = [
        Problem("origins", "not_registered", f"origins must be registered: {it} is not")
        for it in named
        if it not in known
    ]
    if sum(map(len, named)) > MOST_TOKEN_CHARACTERS:
        sentence = f"origins must have at most {MOST_TOKEN_CHARACTERS} characters together"
        problems.append(Problem("origins", "too_long", sentence))
    refuse(problems)
