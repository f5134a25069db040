"""The conformance cases of calls, by both clients."""

import asyncio
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from playback import CASES, TABLE, Json, VirtualClock, playing

from tollbook_client import ApiError, AsyncClient, Client, TollbookError
from tollbook_client.instants import instant_text, parse_instant

CALLS = [case for case in CASES if case["do"] != "send"]
Played = tuple[Any, TollbookError | None, datetime | None]


def snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def iterator_name(operation: str) -> str:
    return "iter_" + re.sub("^(get|list)_", "", snake(operation))


def by_client(case: Json, address: str, clock: VirtualClock) -> Played:
    options = dict(case["options"])
    as_of = options.pop("as_of", None)
    rows: list[Any] = []
    with Client(address, TABLE["api_key"], **options) as client:
        client._clock = clock
        client.as_of = as_of
        try:
            if case["do"] == "iterate":
                rows.extend(getattr(client, iterator_name(case["operation"]))(**case["params"]))
                return rows, None, client.as_of
            answer = getattr(client, snake(case["operation"]))(**case["params"])
        except TollbookError as error:
            return rows, error, client.as_of
        return answer, None, client.as_of


def by_async_client(case: Json, address: str, clock: VirtualClock) -> Played:
    return asyncio.run(_awaited(case, address, clock))


async def _awaited(case: Json, address: str, clock: VirtualClock) -> Played:
    options = dict(case["options"])
    as_of = options.pop("as_of", None)
    rows: list[Any] = []
    async with AsyncClient(address, TABLE["api_key"], **options) as client:
        client._clock = clock
        client.as_of = as_of
        try:
            if case["do"] == "iterate":
                name = iterator_name(case["operation"])
                async for row in getattr(client, name)(**case["params"]):
                    rows.append(row)  # noqa: PERF401  the rows before an error count
                return rows, None, client.as_of
            answer = await getattr(client, snake(case["operation"]))(**case["params"])
        except TollbookError as error:
            return rows, error, client.as_of
        return answer, None, client.as_of


def text_at(answer: Any, pointer: str) -> str:
    """Return the value at a JSON Pointer as text."""
    for part in pointer.split("/")[1:]:
        if isinstance(answer, list):
            answer = answer[int(part)]
        elif isinstance(answer, dict):
            answer = answer[part]
        else:
            answer = getattr(answer, part, None) if hasattr(answer, part) else answer.extra[part]
    if isinstance(answer, bool) or answer is None:
        return {True: "true", False: "false", None: "null"}[answer]
    if isinstance(answer, datetime):
        return instant_text(answer)
    if isinstance(answer, Decimal):
        return format(answer, "f")
    return answer.isoformat() if isinstance(answer, date) else str(answer)


def as_json(error: TollbookError) -> Json:
    """Return an error as the cases have it."""
    shown: Json = {"class": type(error).__name__}
    if isinstance(error, ApiError):
        names = ("status", "code", "error", "request_id", "retry_after")
        shown |= {name: getattr(error, name) for name in names}
        shown["details"] = [it._asdict() for it in error.details]
    return shown


@pytest.mark.parametrize("play", [by_client, by_async_client])
@pytest.mark.parametrize("case", CALLS, ids=lambda case: case["name"])
def test_call(case: Json, play: Callable[..., Played]) -> None:
    clock = VirtualClock()
    with playing(case["exchanges"]) as (address, _):
        answer, error, as_of = play(case, address, clock)
    expected = case["expect"]
    for pointer, text in expected.get("values", {}).items():
        found = text_at(answer, pointer)
        assert found == text, pointer
    assert (as_json(error) if error else None) == expected.get("error")
    if "as_of" in expected:
        assert as_of == (parse_instant(expected["as_of"]) if expected["as_of"] else None)
    if "waits" in expected:
        assert len(clock.waits) == len(expected["waits"])
        for wait, (least, most) in zip(clock.waits, expected["waits"], strict=True):
            assert least <= wait <= most
