"""The error tree: stable codes and statuses, as the drawing at the top of its file has them."""

import inspect
import re

import pytest

from tollbook.domain import errors
from tollbook.domain.errors import (
    ApiKeyRequired,
    CursorExpired,
    InvalidApiKey,
    InvalidRequest,
    MonthNotReady,
    NotYet,
    Problem,
    QueueFull,
    RequestError,
    StoreUnavailable,
    TollbookError,
    Unreachable,
    refuse,
)
from tollbook.domain.limit_errors import RateLimited

CLASSES = {
    name: it
    for name, it in vars(errors).items()
    if inspect.isclass(it) and issubclass(it, TollbookError)
}
DRAWN = [
    (len(match[1]) // 4, match[2], match[3])
    for match in re.finditer(
        r"^([│├└─ ]*)(\w+)(?: +([0-9]{3}|))?.*$", errors.__doc__ or "", re.MULTILINE
    )
    if match[2] in CLASSES
]


def test_the_drawing_has_every_class_once() -> None:
    assert sorted(name for _, name, _ in DRAWN) == sorted(CLASSES)


def test_the_drawing_has_every_class_below_its_parent() -> None:
    path: list[str] = []
    for depth, name, _ in DRAWN:
        path = [*path[:depth], name]
        parents = [it.__name__ for it in CLASSES[name].__mro__ if it.__name__ in CLASSES]
        assert list(reversed(path)) == parents


@pytest.mark.parametrize(("name", "status"), [(name, it) for _, name, it in DRAWN if it])
def test_the_drawing_has_the_status_of_a_class(name: str, status: str) -> None:
    assert CLASSES[name].status == int(status)


def test_only_errors_of_requests_have_a_status_below_500() -> None:
    refused = {"PriceBookRefused"}
    below = {name for name, it in CLASSES.items() if it.status < 500}
    requests = {name for name, it in CLASSES.items() if issubclass(it, RequestError)}
    assert below - refused <= requests
    assert requests - below == {"FormatNotInstalled", "NotYet"}


SHARED = {
    "invalid_request": {"RequestError", "InvalidRequest"},
    "store_unavailable": {"StoreUnavailable", "Unreachable", "NodeUnreachable", "DirectoryChanged"},
    "internal_error": {"TollbookError", "InternalError"},
}


def test_a_code_belongs_to_one_error_and_its_parent() -> None:
    codes: dict[str, set[str]] = {}
    for name, it in CLASSES.items():
        codes.setdefault(it.code, set()).add(name)
    assert {code: names for code, names in codes.items() if len(names) > 1} == SHARED
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


def test_an_error_keeps_its_message_and_details() -> None:
    problem = Problem("id", "empty", "id must not be empty")
    error = TollbookError("it failed", [problem])
    assert str(error) == error.sentence == "it failed"
    assert error.details == (problem,)


def test_an_invalid_request_has_the_message_of_its_first_problem() -> None:
    problems = [Problem("a", "empty", "a must not be empty"), Problem("b", "too_long", "b is long")]
    error = InvalidRequest.of(problems)
    assert error.sentence == "a must not be empty"
    assert error.details == tuple(problems)


def test_only_real_problems_are_refused() -> None:
    refuse([])
    refuse([None, None])
    problem = Problem("b", "empty", "b must not be empty")
    with pytest.raises(InvalidRequest) as raised:
        refuse([None, problem, None, problem])
    assert raised.value.details == (problem, problem)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (QueueFull("full"), "1"),
        (NotYet(), "1"),
        (StoreUnavailable("down"), "5"),
        (MonthNotReady(), "5"),
        (RateLimited("too fast"), "1"),
        (RateLimited("too fast", 30), "30"),
    ],
)
def test_errors_that_pass_name_the_seconds_to_wait(error: TollbookError, seconds: str) -> None:
    assert error.headers == {"Retry-After": seconds}


def test_other_errors_name_no_seconds() -> None:
    RateLimited("too fast", 30)
    assert not InvalidApiKey().headers
    assert RateLimited.headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    "error", [ApiKeyRequired(), InvalidApiKey(), CursorExpired(), NotYet(), MonthNotReady()]
)
def test_errors_with_one_cause_have_a_message_of_their_own(error: TollbookError) -> None:
    assert error.sentence


def test_the_reason_of_a_lost_connection_is_not_in_its_message() -> None:
    error = Unreachable("the database cannot be reached", "password authentication failed")
    assert error.reason == "password authentication failed"
    assert error.reason not in str(error)
