"""Which resource a path names: the path is split while it is still encoded, so ids keep slashes."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_ESCAPED = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_TAIL = "event_id"
"""The only parameter that may hold unescaped slashes; it stands at the end."""


class _Pattern(NamedTuple):
    """A path with parameters: each segment is a literal text, or None with a parameter's name."""

    literals: tuple[str | None, ...]
    names: tuple[str, ...]
    app: ASGIApp


class Paths:
    """An ASGI application that hands a request to the resource that its path names.

    Every segment is decoded once. A path with a broken escape, or with bytes that are not UTF-8,
    names nothing. `prefix_of` returns the path that the server is under.
    """

    def __init__(
        self, resources: Mapping[str, ASGIApp], nothing: ASGIApp, prefix_of: Callable[[Scope], str]
    ) -> None:
        self._fixed: dict[tuple[str, ...], ASGIApp] = {}
        self._patterns: dict[int, list[_Pattern]] = {}
        self._tails: list[_Pattern] = []
        self._nothing = nothing
        self._prefix_of = prefix_of
        for path, app in resources.items():
            segments = tuple(path.split("/")[1:])
            literals = tuple(None if it.startswith("{") else it for it in segments)
            names = tuple(it[1:-1] for it in segments if it.startswith("{"))
            pattern = _Pattern(literals, names, app)
            if not names:
                self._fixed[segments] = app
            elif names[-1] == _TAIL:
                self._tails.append(pattern)
            else:
                self._patterns.setdefault(len(segments), []).append(pattern)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app, scope["path_params"] = self._nothing, {}
        segments = None
        if scope["type"] == "http":
            scope["root_path"] = self._prefix_of(scope)
            segments = segments_of(scope)
        if segments == () and scope["root_path"]:  # the page has relative links
            app = RedirectResponse(f"{scope['root_path']}/")
        elif segments is not None:
            app, scope["path_params"] = self._found(segments)
        await app(scope, receive, send)

    def _found(self, segments: tuple[str, ...]) -> tuple[ASGIApp, dict[str, str]]:
        fixed = self._fixed.get(segments)
        if fixed is not None:
            return fixed, {}
        for pattern in self._patterns.get(len(segments), ()):
            values = _values(pattern.literals, segments)
            if values is not None:
                return pattern.app, dict(zip(pattern.names, values, strict=True))
        for pattern in self._tails:
            length = len(pattern.literals)
            whole = (*segments[: length - 1], "/".join(segments[length - 1 :]))
            values = _values(pattern.literals, whole)
            if values is not None:
                return pattern.app, dict(zip(pattern.names, values, strict=True))
        return self._nothing, {}


def segments_of(scope: Scope) -> tuple[str, ...] | None:
    """Return the decoded segments of a request's path after the prefix that the server is under.

    None when an escape is broken or the bytes are not UTF-8.
    """
    raw: bytes = scope["raw_path"]
    if _ESCAPED.fullmatch(raw) is None:
        return None
    try:
        segments = tuple(unquote_to_bytes(it).decode() for it in raw.split(b"/"))[1:]
    except UnicodeDecodeError:
        return None
    prefix = tuple(it for it in scope.get("root_path", "").split("/") if it)
    return segments[len(prefix) :] if segments[: len(prefix)] == prefix else segments


def _values(literals: tuple[str | None, ...], segments: tuple[str, ...]) -> list[str] | None:
    """Return the values of the parameters, or None when the segments are not of this path."""
    if len(literals) != len(segments):
        return None
    values = []
    for literal, segment in zip(literals, segments, strict=True):
        if literal is None and segment:
            values.append(segment)
        elif literal != segment:
            return None
    return values
