"""Whose usage a question is about, of all that its key may see."""

from tollbook.analytics.scope import QuestionScope
from tollbook.api.openapi.endpoint import ApiRequest
from tollbook.api.pipeline.access import organization_of, visible_user
from tollbook.domain.directory import User, currency_problem
from tollbook.domain.errors import InvalidRequest, NotFound, PermissionMissing, Problem
from tollbook.domain.keys import ApiKey
from tollbook.store import directory
from tollbook.store.database import Snapshot


def resolve_scope(
    request: ApiRequest,
    snapshot: Snapshot,
    organization_id: str | None = None,
    user_id: str | None = None,
    currency: str | None = None,
) -> QuestionScope:
    """Return the scope of a question; raise `NotFound` for one that the key may not see.

    Without an organization, it is that of the key, or the whole tenant. Without a user, it is that
    of the key, or all users.
    """
    bound = request.key.scope
    named = organization_id or bound.organization_id
    _require_currency(currency)
    if named is None:
        return QuestionScope(request.tenant, currency=currency)
    organization = organization_of(snapshot, request.key, named)
    user = visible_user(request.key, user_id)
    return QuestionScope(request.tenant, organization, user, currency)


def _require_currency(currency: str | None) -> None:
    problem = currency_problem(currency) if currency is not None else None
    if problem:
        raise InvalidRequest.of([problem])


def require_organization(scope: QuestionScope, user_id: str | None, sentence: str) -> None:
    """Refuse a user without an organization: the id is unique within one only."""
    if user_id is not None and scope.organization is None:
        raise InvalidRequest.of([Problem("organization_id", "missing_parameter", sentence)])


def find_user(snapshot: Snapshot, scope: QuestionScope) -> User | None:
    """Return the user of a scope, None when it has none; `NotFound` when nobody has the id."""
    if scope.user_id is None or scope.number is None:
        return None
    user = directory.find_user(snapshot, scope.number, scope.user_id)
    if user is None:
        raise NotFound("User not found")
    return user


def refuse_user_key(key: ApiKey) -> None:
    """Refuse a key that is bound to one user where more than that user is asked for."""
    if key.scope.user_id is not None:
        raise PermissionMissing("a key bound to one user sees that user only")
