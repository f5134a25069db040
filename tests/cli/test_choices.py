"""The organizations, users, keys and meters that a command names, and how changes are given."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import click
import msgspec
import pytest

from tests.builders import Platform, event
from tollbook.administration.users import UserChange
from tollbook.cli.choices import (
    changed_email,
    combined,
    key_of,
    known_meters,
    named_organization,
    named_user,
    organization_of,
    refuse_no_change,
    removable,
    require_yes,
    wanted_of,
)
from tollbook.domain.directory import User
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.keys import prefix_of
from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms
from tollbook.store import directory
from tollbook.store.database import open_database


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, migrated_file: Any) -> Iterator[Platform]:
    path = tmp_path_factory.mktemp("choices") / "tollbook.db"
    path.write_bytes(migrated_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    platform = Platform(database)
    number = platform.organization()
    with database.writing() as transaction:
        directory.add_user(transaction, number, User("ann", "Ann"), 1)
    platform.send(event(organization_id="only events name it"))
    platform.add_meters(MeterTerms("own.meter", "thing", Category.MESSAGING))
    yield platform
    database.close()


def options(**given: Any) -> Any:
    usual = {"tenant": "default", "organization": None, "margin": False, "meters": False}
    return SimpleNamespace(**{**usual, "include": (), "meter": (), **given})


def test_an_organization_is_one_that_was_created(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        assert organization_of(snapshot, "default", "org_1").id == "org_1"
        named = "only events name it"
        assert organization_of(snapshot, "default", named, created=False).id == named
        for tenant, identity in (("default", named), ("default", "org_2"), ("other", "org_1")):
            with pytest.raises(NotFound, match=f"tenant {tenant} has no organization {identity}"):
                organization_of(snapshot, tenant, identity)


def test_a_command_may_name_none(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        assert named_organization(snapshot, options()) is None
        row = named_organization(snapshot, options(organization="org_1"))
        assert row is not None
        assert named_user(snapshot, row, None) is None
        assert named_user(snapshot, None, None) is None
        found = named_user(snapshot, row, "ann")
        assert (found and found.name) == "Ann"
        with pytest.raises(NotFound, match="organization org_1 has no user bob"):
            named_user(snapshot, row, "bob")
        with pytest.raises(InvalidRequest, match="--user needs an organization"):
            named_user(snapshot, None, "ann")


def test_a_key_is_named_by_its_prefix_alone(platform: Platform) -> None:
    text = platform.key()
    prefix = prefix_of(text) or ""
    with platform.database.reading() as snapshot:
        assert key_of(snapshot, "default", prefix).prefix == prefix
        with pytest.raises(InvalidRequest) as refused:
            key_of(snapshot, "default", text)
        assert refused.value.sentence.endswith(f"only: {prefix}")
        for tenant in ("other", "default"):
            with pytest.raises(NotFound, match=f"tenant {tenant} has no key"):
                key_of(snapshot, tenant, prefix if tenant == "other" else "tb_000000000000")


def test_meters_are_in_the_order_of_the_catalog(platform: Platform) -> None:
    with platform.database.reading() as snapshot:
        named = options(meter=("own.meter", "voice.call", "sms.outbound"))
        assert known_meters(snapshot, named) == ("sms.outbound", "voice.call", "own.meter")
        assert known_meters(snapshot, options()) == ()
        for tenant, meter in (("default", "no.meter"), ("other", "own.meter")):
            with pytest.raises(InvalidRequest):
                known_meters(snapshot, options(tenant=tenant, meter=(meter,)))


@pytest.mark.parametrize(
    ("value", "remove", "expected"),
    [(None, False, msgspec.UNSET), ("a", False, "a"), ("", False, ""), (None, True, None)],
)
def test_a_field_is_changed_removed_or_left(value: Any, remove: bool, expected: Any) -> None:
    assert (
        removable(value, remove=remove) is expected or removable(value, remove=remove) == expected
    )
    given = options(email=value, no_email=remove)
    assert changed_email(given) == expected


def test_opposite_options_exclude_each_other() -> None:
    for email in ("a@example.com", ""):
        with pytest.raises(click.UsageError, match="--email excludes --no-email"):
            changed_email(options(email=email, no_email=True))


def test_a_change_names_something() -> None:
    with pytest.raises(click.UsageError, match="an option with a new value is required"):
        refuse_no_change(UserChange(name=None))
    refuse_no_change(UserChange(name="Ann"))
    refuse_no_change(UserChange(email=None))


def test_a_deletion_is_confirmed() -> None:
    with pytest.raises(InvalidRequest, match="confirm with --yes"):
        require_yes(options(yes=False))
    require_yes(options(yes=True))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, (False, False)),
        ({"margin": True}, (True, False)),
        ({"include": ("margin",)}, (True, False)),
        ({"meters": True}, (False, True)),
        ({"include": ("meters", "totals")}, (False, True)),
        ({"margin": True, "include": ("meters",)}, (True, True)),
    ],
)
def test_flags_and_include_ask_for_the_same(given: Any, wanted: tuple[bool, bool]) -> None:
    assert tuple(wanted_of(options(**given)))[:2] == wanted


def test_combined_options_are_in_the_order_of_their_names() -> None:
    both = combined(
        click.option("--first"), combined(click.option("--second"), click.option("--third"))
    )

    @click.command()
    @both
    def command(**_: Any) -> None:
        """Do nothing."""

    assert [it.name for it in command.params] == ["first", "second", "third"]
