"""The gate on the event loop: the key from memory, its end, its addresses, how often it asks."""

from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.requests import Request

from tollbook.api.pipeline.access import key_text, presented, proven, viewer_of
from tollbook.api.pipeline.rate_limit import RateLimitState
from tollbook.api.pipeline.request_log import KEY
from tollbook.api.pipeline.services import Services
from tollbook.domain.addresses import address_of, is_in, parsed
from tollbook.domain.errors import AddressRefused, InvalidApiKey, RateLimited
from tollbook.domain.keys import UNLIMITED, ApiKey, is_sound, matches
from tollbook.store.audit import Actor

_ADMISSION = "tollbook.admission"
_STANDING = "tollbook.standing"


class Admission(NamedTuple):
    """A key that was let in, and the token of the state of the directory that it was found in."""

    token: int
    key: ApiKey


async def admit(request: Request, services: Services) -> Admission:
    """Let a request in; its handler looks again at what it reads or writes by."""
    found = await _found(key_text(request.headers), services)
    key = found.key
    now = services.clock()
    request.scope[KEY] = key
    if key.limits is not UNLIMITED:
        _hold_to_limits(request, services, key, now)
    services.key_usage.note(key, now)
    request.scope[_ADMISSION] = found
    return found


def admission(request: Request) -> Admission:
    """Give who was let in with a request."""
    found: Admission = request.scope[_ADMISSION]
    return found


def standing(request: Request) -> RateLimitState | None:
    """Tell how much of its rate a key has left, when it has one."""
    found: RateLimitState | None = request.scope.get(_STANDING)
    return found


def address(request: Request, services: Services) -> str | None:
    """Tell whence a request came; a header that comes several times is one list."""
    peer = request.client.host if request.client else None
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return address_of(peer, forwarded, services.proxies)


def actor(request: Request, services: Services, key: ApiKey) -> Actor:
    """Name who acts by a request, for the audit log."""
    client_address = address(request, services)
    return Actor(key.scope.tenant_id, key.prefix, services.clock(), client_address)


async def _found(text: str | None, services: Services) -> Admission:
    """Find a key or token in memory, or load what it is judged by."""
    directory_cache = services.directory_cache
    viewer = viewer_of(text)
    if viewer is not None and text is not None:
        judged = directory_cache.remembered_issuer(viewer)
        judged = judged or await run_sync(directory_cache.loaded_issuer, viewer)
        return Admission(judged[0] if judged else 0, proven(text, viewer, judged and judged[1]))
    text, prefix = presented(text)
    found = directory_cache.remembered_key(prefix)
    if found is None and is_sound(text):
        found = await run_sync(directory_cache.loaded_key, prefix)
    if found is None or not matches(text, found[1].hash):
        raise InvalidApiKey
    return Admission(*found)


def _hold_to_limits(request: Request, services: Services, key: ApiKey, now: int) -> None:
    if key.ended(now):
        raise InvalidApiKey
    limits = key.limits
    if limits.networks and not is_in(parsed(address(request, services)), limits.networks):
        raise AddressRefused("this key may not be used from this address")
    if limits.requests_per_minute is None:
        return
    taken = services.rate_limiter.take(key.prefix, limits.requests_per_minute)
    request.scope[_STANDING] = taken
    if not taken.allowed:
        sentence = f"this key may ask {taken.limit} times a minute; wait {taken.reset} s"
        raise RateLimited(sentence, taken.reset)
