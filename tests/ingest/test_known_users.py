"""Users that need not be added again: only while no other process has changed their ledger."""

import pytest

from tollbook.ingest import known_users
from tollbook.ingest.known_users import KnownUsers

ANN, BOB = (1, "ann"), (1, "bob")


def test_a_user_is_known_after_the_commit_that_added_it() -> None:
    users = KnownUsers()
    assert users.unknown([ANN, ANN, BOB], {1: 10}) == {ANN, BOB}
    users.remember([ANN], 11, {1: 10})
    assert users.unknown([ANN, BOB], {1: 11}) == {BOB}


def test_the_same_id_in_another_organization_is_another_user() -> None:
    users = KnownUsers()
    users.remember([ANN], 11, {1: 10, 2: 20})
    assert users.unknown([(2, "ann")], {2: 11}) == {(2, "ann")}


def test_nothing_is_known_of_a_ledger_that_somebody_else_has_changed() -> None:
    users = KnownUsers()
    users.remember([ANN], 11, {1: 10})
    assert users.unknown([ANN], {1: 12}) == {ANN}
    users.remember([BOB], 13, {1: 12})
    assert users.unknown([ANN, BOB], {1: 13}) == {ANN}


def test_a_ledger_that_goes_back_is_not_taken_for_the_later_one() -> None:
    users = KnownUsers()
    users.remember([ANN], 11, {1: 10})
    users.remember([BOB], 12, {1: 11})
    assert users.unknown([ANN, BOB], {1: 11}) == {ANN, BOB}
    assert users.unknown([ANN, BOB], {1: 12}) == set()


def test_a_million_users_are_forgotten_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_users, "_MOST_USERS", 2)
    users = KnownUsers()
    users.remember([ANN, BOB, (1, "cid")], 11, {1: 10})
    assert users.unknown([ANN], {1: 11}) == set()
    users.remember([(1, "dan")], 12, {1: 11})
    assert users.unknown([ANN, (1, "dan")], {1: 12}) == {ANN}
