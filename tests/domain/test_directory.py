"""The rules for the fields of organizations and users: each problem with its field and code."""

from zoneinfo import available_timezones

import pytest

from tollbook.domain.directory import (
    LOCAL_ZONES,
    LONGEST_EMAIL,
    LONGEST_NAME,
    Organization,
    User,
    currency_problem,
    decimals_of,
    has_control_characters,
    id_problem,
    new_organization_problems,
    new_user_problems,
    organization_problems,
    text_problem,
    user_problems,
    zone,
)
from tollbook.domain.errors import Problem
from tollbook.domain.events import LONGEST_ID


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(it.field, it.code) for it in problems]


@pytest.mark.parametrize(
    "identity",
    ["a", "org_1", "Zoë", "李", "a b", "a/b", "%", "x" * LONGEST_ID, "👩\u200d💻", "..."],
)
def test_an_id_may_be_any_text_that_can_be_seen(identity: str) -> None:
    assert id_problem("id", identity) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" ", "empty"),
        ("\t\n", "empty"),
        ("\u2003", "empty"),
        ("x" * (LONGEST_ID + 1), "too_long"),
        ("a\nb", "control_characters"),
        ("a\x00", "control_characters"),
        ("a\x7f", "control_characters"),
        ("a\x9b", "control_characters"),
        ("a\ud800", "control_characters"),
    ],
)
def test_an_id_is_refused_with_what_is_wrong(text: str, code: str) -> None:
    problem = id_problem("user_id", text)
    assert problem is not None
    assert (problem.field, problem.code) == ("user_id", code)
    assert problem.error.startswith("user_id must ")


def test_a_text_is_as_long_as_its_characters() -> None:
    assert text_problem("name", "é" * 5, 5) is None
    problem = text_problem("name", "é" * 6, 5)
    assert problem is not None
    assert problem.error == "name must have at most 5 characters"


def test_characters_without_a_shape_are_no_control_characters() -> None:
    assert not has_control_characters("a\u200bb\u202ec")
    assert has_control_characters("a\u200b\x1b")


@pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "KWD", "VND"])
def test_a_currency_is_a_code_in_force(currency: str) -> None:
    assert currency_problem(currency) is None


@pytest.mark.parametrize("currency", ["", "usd", "US", "XTS", "XXX", "ZZZ", "DEM", "USDX", "€"])
def test_no_other_text_is_a_currency(currency: str) -> None:
    problem = currency_problem(currency)
    assert problem is not None
    assert (problem.field, problem.code) == ("currency", "invalid_currency")


def test_everything_wrong_with_an_organization_is_named_at_once() -> None:
    wrong = Organization("", "x" * (LONGEST_NAME + 1), "Mars/Olympus", "ABC")
    assert codes(organization_problems(wrong)) == [
        ("id", "empty"),
        ("name", "too_long"),
        ("timezone", "unknown_timezone"),
        ("currency", "invalid_currency"),
    ]
    assert organization_problems(Organization("org_1", "Acme", "Europe/Berlin", "EUR")) == []


@pytest.mark.parametrize("identity", [".", ".."])
def test_an_id_that_no_path_can_hold_is_refused_when_it_is_new(identity: str) -> None:
    assert codes(new_organization_problems(Organization(identity, "Acme"))) == [
        ("id", "unaddressable_id")
    ]
    assert codes(new_user_problems(User(identity, "Ann"))) == [("id", "unaddressable_id")]
    assert organization_problems(Organization(identity, "Acme")) == []
    assert user_problems(User(identity, "Ann")) == []


@pytest.mark.parametrize("name", sorted(LOCAL_ZONES & available_timezones()))
def test_the_zone_of_a_machine_is_refused_when_it_is_new(name: str) -> None:
    organization = Organization("org_1", "Acme", name)
    assert codes(new_organization_problems(organization)) == [("timezone", "local_timezone")]
    assert organization_problems(organization) == []


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        (None, []),
        ("ann@example.org", []),
        ("@", []),
        ("ann", ["invalid_email"]),
        ("", ["empty", "invalid_email"]),
        ("a@" + "x" * LONGEST_EMAIL, ["too_long"]),
        ("ann@example.org\n", ["control_characters"]),
    ],
)
def test_an_email_has_an_at_sign(email: str | None, expected: list[str]) -> None:
    assert [it.code for it in user_problems(User("ann", "Ann", email))] == expected


def test_a_zone_is_read_once() -> None:
    assert zone("Europe/Berlin") is zone("Europe/Berlin")


def test_everything_wrong_with_a_user_is_named_at_once() -> None:
    wrong = User("a\x00", "", "x" * (LONGEST_EMAIL + 1))
    assert codes(user_problems(wrong)) == [
        ("id", "control_characters"),
        ("name", "empty"),
        ("email", "too_long"),
        ("email", "invalid_email"),
    ]


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XAU", None), ("ABC", None), ("usd", None)],
)
def test_a_currency_has_the_decimals_of_its_smallest_unit(
    currency: str, decimals: int | None
) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (text_problem("name", " ", 9), "name must not be empty"),
        (text_problem("name", "x" * 10, 9), "name must have at most 9 characters"),
        (text_problem("name", "\t.", 9), "name must not contain control characters"),
        (currency_problem("x"), "currency must be an ISO 4217 code such as USD"),
        (
            new_user_problems(User("..", "Ann"))[0],
            'id must not be "." or "..": a URL path cannot contain such an id',
        ),
        (user_problems(User("ann", "Ann", "x"))[0], "email must contain @"),
    ],
)
def test_a_problem_is_a_sentence_about_its_field(problem: Problem, sentence: str) -> None:
    assert problem.error == sentence
