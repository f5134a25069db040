"""The check of every request on the event loop: its key, expiry, addresses and rate limit."""

from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.types import Scope

from tollbook.api.pipeline.access import key_text, split_key, verify_token, viewer_of
from tollbook.api.pipeline.cross_origin import require_origin
from tollbook.api.pipeline.rate_limit import RateLimitState
from tollbook.api.pipeline.request_log import KEY
from tollbook.api.pipeline.services import Services
from tollbook.domain.addresses import address_of, is_in, is_prefix, parsed
from tollbook.domain.errors import AddressRefused, InvalidApiKey
from tollbook.domain.keys import UNLIMITED, ApiKey, is_sound, matches
from tollbook.domain.limit_errors import RateLimited
from tollbook.store.audit import Actor

_ADMISSION = "tollbook.admission"
_RATE_LIMIT = "tollbook.rate_limit"


class Admission(NamedTuple):
    """An admitted key, and the token of the state of the directory that it was found in."""

    token: int
    key: ApiKey


async def admit(request: Request, services: Services) -> Admission:
    """Admit a request; its handler checks the key again in its snapshot or transaction."""
    found = await _found(request, services)
    key = found.key
    now = services.clock()
    request.scope[KEY] = key
    if key.limits is not UNLIMITED:
        _require_limits(request, services, key, now)
    services.key_usage.note(key, now)
    request.scope[_ADMISSION] = found
    return found


def admission(request: Request) -> Admission:
    """Return the admission of a request."""
    found: Admission = request.scope[_ADMISSION]
    return found


def rate_limit_state(request: Request) -> RateLimitState | None:
    """Return the state of the key's rate limit, if it has one."""
    found: RateLimitState | None = request.scope.get(_RATE_LIMIT)
    return found


def client_address(request: Request, services: Services) -> str | None:
    """Return the client's address; a repeated `X-Forwarded-For` is one list."""
    peer = request.client.host if request.client else None
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return address_of(peer, forwarded, services.proxies)


def prefix_of(scope: Scope, services: Services) -> str:
    """Return the path that the server is under: its own, or the one that a trusted proxy names."""
    name = b"x-forwarded-prefix"
    given = next((value for header, value in scope["headers"] if header == name), None)
    if given is None or not scope["client"]:
        return services.root_path
    prefix = given.decode("latin-1").rstrip("/")
    trusted = is_in(parsed(scope["client"][0]), services.proxies)
    return prefix if trusted and is_prefix(prefix) else services.root_path


def actor(request: Request, services: Services, key: ApiKey) -> Actor:
    """Return who acts by a request, for the audit log."""
    address = client_address(request, services)
    return Actor(key.scope.tenant_id, key.prefix, services.clock(), address)


async def _found(request: Request, services: Services) -> Admission:
    """Return the key of a request from memory, or load the key or the issuer of its token."""
    text = key_text(request.headers)
    directory_cache = services.directory_cache
    viewer = viewer_of(text)
    if viewer is not None and text is not None:
        issuer = directory_cache.remembered_issuer(viewer)
        issuer = issuer or await run_sync(directory_cache.loaded_issuer, viewer)
        token, found_issuer = issuer or (0, None)
        key = verify_token(text, viewer, found_issuer, services.clock())
        require_origin(request, viewer)
        return Admission(token, key)
    text, prefix = split_key(text)
    found = directory_cache.remembered_key(prefix)
    if found is None and is_sound(text):
        found = await run_sync(directory_cache.loaded_key, prefix)
    if found is None or not matches(text, found[1].hash):
        raise InvalidApiKey
    return Admission(*found)


def _require_limits(request: Request, services: Services, key: ApiKey, now: int) -> None:
    if key.ended(now):
        raise InvalidApiKey
    limits = key.limits
    if limits.networks and not is_in(parsed(client_address(request, services)), limits.networks):
        raise AddressRefused("this key may not be used from this address")
    if limits.requests_per_minute is None:
        return
    taken = services.rate_limiter.take(key.rate_limits)
    request.scope[_RATE_LIMIT] = taken
    if not taken.allowed:
        sentence = f"this key may ask {taken.limit} times a minute; wait {taken.reset} s"
        raise RateLimited(sentence, taken.reset)
