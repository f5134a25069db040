"""Keys that keys have created: what they may do, and what their requests count against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.keys import (
    ALL_EVENTS,
    MOST_RATE_LIMITS,
    UNLIMITED,
    ApiKey,
    EventRules,
    KeyScope,
    Limits,
    Permission,
    RateLimit,
    id_prefix_problem,
    overlap,
    permission_problem,
    rate_limits_of,
    rate_limits_problem,
)

WRITE, COST, REVERSE, READ, ADMIN = Permission
TENANT, ACME = KeyScope("demo"), KeyScope("demo", "org_1")
ANN = KeyScope("demo", "org_1", "ann")


def key(
    *permissions: Permission, scope: KeyScope = TENANT, limits: Limits = UNLIMITED, **given: object
) -> ApiKey:
    return ApiKey("tb_1", "", "test", scope, permissions, 0, limits=limits, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "permissions", "granted"),
    [
        (TENANT, (ADMIN,), {WRITE, COST, REVERSE, READ, ADMIN}),
        (ACME, (ADMIN,), {WRITE, COST, REVERSE, READ, ADMIN}),
        # The key of a user states costs and reverses events only if that is named.
        (ANN, (ADMIN,), {WRITE, READ, ADMIN}),
        (ANN, (ADMIN, COST), {WRITE, READ, ADMIN, COST}),
        (ANN, (WRITE, REVERSE), {WRITE, REVERSE}),
        (TENANT, (WRITE,), {WRITE}),
        (TENANT, (READ,), {READ}),
        (TENANT, (), set()),
    ],
)
def test_a_key_has_its_permissions_and_those_that_admin_includes(
    scope: KeyScope, permissions: tuple[Permission, ...], granted: set[Permission]
) -> None:
    assert {it for it in Permission if key(*permissions, scope=scope).may(it)} == granted


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (key(ADMIN), ALL_EVENTS),
        (key(WRITE), EventRules(may_state_costs=False)),
        (key(WRITE, COST), ALL_EVENTS),
        (key(ADMIN, scope=ANN), EventRules(may_state_costs=False)),
        (
            key(WRITE, COST, limits=Limits(meters=("voice.call",), id_prefix="pbx-")),
            EventRules(("voice.call",), "pbx-", True),
        ),
        (key(ADMIN, limits=Limits(expires_at=5)), ALL_EVENTS),
    ],
)
def test_the_rules_of_events_are_those_of_the_key(given: ApiKey, rules: EventRules) -> None:
    assert given.event_rules == rules


@pytest.mark.parametrize(
    ("prefix", "identity", "is_fine"),
    [
        ("", "anything", True),
        ("pbx-", "pbx-1", True),
        ("pbx-", "pbx-", True),
        ("pbx-", "PBX-1", False),
        ("pbx-", "1-pbx-", False),
        ("pbx-", "pbx", False),
        ("pbx-", None, True),
    ],
)
def test_an_id_begins_with_the_prefix_of_its_key(
    prefix: str, identity: str | None, is_fine: bool
) -> None:
    problem = EventRules(id_prefix=prefix).id_problem(identity)
    assert (problem is None) is is_fine
    if problem:
        assert (problem.field, problem.code) == ("id", "id_outside_scope")
        assert "must begin with pbx-," in problem.error


@pytest.mark.parametrize(
    ("prefix", "user", "meters", "permissions", "code"),
    [
        (None, None, (), (WRITE,), None),
        (None, None, (), (ADMIN,), None),
        # A key for a part of an organization's events could take the ids of the others.
        (None, "ann", (), (WRITE,), "missing_field"),
        (None, "ann", (), (ADMIN,), "missing_field"),
        (None, "ann", (), (READ,), None),
        (None, None, ("voice.call",), (WRITE,), "missing_field"),
        (None, None, ("voice.call",), (READ,), None),
        (None, "ann", ("voice.call",), (READ, WRITE), "missing_field"),
        ("pbx-", "ann", (), (WRITE,), None),
        ("pbx-", None, (), (READ,), None),
        ("", "ann", (), (WRITE,), "empty"),
        (" ", None, (), (WRITE,), "empty"),
        ("x" * 64, None, (), (WRITE,), None),
        ("x" * 65, None, (), (WRITE,), "too_long"),
        ("a\x00", None, (), (WRITE,), "control_characters"),
    ],
)
def test_a_key_that_sends_a_part_has_the_start_of_its_ids(
    prefix: str | None,
    user: str | None,
    meters: tuple[str, ...],
    permissions: tuple[Permission, ...],
    code: str | None,
) -> None:
    problem = id_prefix_problem(prefix, user, meters, permissions)
    assert (problem and problem.code) == code
    assert problem is None or problem.field == "id_prefix"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("pbx-", "pbx-1", True), ("pbx-1", "pbx-2", False), ("", "x", True), ("a", "A", False)],
)
def test_prefixes_overlap_if_an_id_can_begin_with_both(
    first: str, second: str, expected: bool
) -> None:
    assert overlap(first, second) is overlap(second, first) is expected


def test_a_missing_permission_is_named_with_its_field() -> None:
    problem = permission_problem("cost", COST)
    assert (problem.field, problem.code) == ("cost", "permission_missing")
    assert problem.error.startswith("cost requires the permission events:cost, ")


def limited(*rates: int) -> ApiKey:
    """Return a key whose requests count against these limits."""
    found = tuple(RateLimit(f"tb_{it}", rate) for it, rate in enumerate(rates))
    return key(ADMIN, rate_limits=found)


@pytest.mark.parametrize(
    ("rate", "creator", "expected"),
    [
        (None, None, []),
        (60, None, [60]),
        (60, limited(), [60]),
        (60, limited(600), [600, 60]),
        # A limit that is not lower than the one before refuses nothing.
        (600, limited(600), [600]),
        (900, limited(600, 100), [600, 100]),
        (99, limited(600, 100), [600, 100, 99]),
    ],
)
def test_requests_count_against_the_key_and_those_that_created_it(
    rate: int | None, creator: ApiKey | None, expected: list[int]
) -> None:
    found = rate_limits_of("tb_new", Limits(requests_per_minute=rate), creator)
    assert [it.per_minute for it in found] == expected
    is_own = bool(found) and found[-1].name == "tb_new"
    assert is_own is (len(expected) > len(creator.rate_limits if creator else ()))


@examples(100)
@given(st.lists(st.integers(1, 20), max_size=12))
def test_the_limits_of_a_chain_of_keys_fall_strictly(rates: list[int]) -> None:
    """Each key may have the rate of its creator at most, as `beyond` demands."""
    creator: ApiKey | None = None
    lowest = 10**6
    for number, rate in enumerate(rates):
        lowest = min(lowest, rate)
        limits = Limits(requests_per_minute=lowest)
        found = rate_limits_of(f"tb_{number}", limits, creator)
        creator = key(ADMIN, limits=limits, rate_limits=found)
    found = creator.rate_limits if creator else ()
    per_minute = [it.per_minute for it in found]
    assert per_minute == sorted(set(per_minute), reverse=True)
    assert min(per_minute, default=10**6) == lowest


def test_a_chain_of_lower_and_lower_limits_has_an_end() -> None:
    falling = limited(*range(100, 100 - MOST_RATE_LIMITS, -1)).rate_limits
    assert rate_limits_problem(falling) is None
    problem = rate_limits_problem((*falling, RateLimit("one too many", 1)))
    assert problem is not None
    assert (problem.field, problem.code) == ("requests_per_minute", "too_many_limits")
