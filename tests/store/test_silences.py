"""When events were received, by hour; and the silences that were notified."""

import pytest

from tests.store.directories import AT, organization, reserved
from tollbook.domain.directory import Status
from tollbook.domain.keys import UNLIMITED, KeyScope, Limits, Permission
from tollbook.store import keys, silences
from tollbook.store.database import Transaction
from tollbook.store.silences import WHOLE_TENANT, LastReceipts, SendingKey, SilenceSubject

HOUR = 3_600_000_000


def received(transaction: Transaction, number: int, at: int) -> None:
    """Store when an organization's last events were received."""
    transaction.execute(
        "INSERT INTO ledger_versions (organization_id, token, as_of, received_at) "
        "VALUES (:number, 1, :at, :at)",
        number=number,
        at=at,
    )


def of_tenant(tenant: str, at: int) -> LastReceipts:
    return LastReceipts(SilenceSubject(tenant, WHOLE_TENANT), None, at)


def test_a_tenant_received_last_what_one_of_its_organizations_did(tx: Transaction) -> None:
    found = {}
    for tenant, identity, at in (("a", "x", 5), ("a", "y", 9), ("a", "z", 7), ("b", "x", 3)):
        number = organization(tx, identity, tenant)
        received(tx, number, at)
        found[LastReceipts(SilenceSubject(tenant, number), identity, at)] = tenant
    wanted = [*found, of_tenant("a", 9), of_tenant("b", 3)]
    assert sorted(silences.last_receipts(tx), key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED])
def test_only_active_organizations_are_awaited(tx: Transaction, status: Status) -> None:
    received(tx, organization(tx, "x", status=status), AT)
    received(tx, reserved(tx, "named by events"), AT)
    assert silences.last_receipts(tx) == []


def test_an_organization_that_never_sent_anything_is_not_silent(tx: Transaction) -> None:
    organization(tx, "without a ledger")
    received(tx, organization(tx, "only touched"), 0)
    assert silences.last_receipts(tx) == []


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([0], [(0, 1)]),
        ([23], [(0, 1 << 23)]),
        ([24], [(1, 1)]),
        ([23, 24], [(0, 1 << 23), (1, 1)]),
        ([7, 7, 8], [(0, 0b1_1000_0000)]),
        ([*range(48, 72)], [(2, 2**24 - 1)]),
        ([472_222], [(19_675, 1 << 22)]),
    ],
)
def test_an_hour_is_a_bit_of_its_day(
    transaction: Transaction, hours: list[int], expected: list[tuple[int, int]]
) -> None:
    subject = SilenceSubject("a", 7)
    for hour in hours:
        silences.add_hours(transaction, [(subject, hour)])
    found = silences.hours_of(transaction, "a", [7])
    assert sorted(found[7]) == expected


def test_hours_are_of_one_subject(transaction: Transaction) -> None:
    subjects = [SilenceSubject("a", 7), SilenceSubject("a", 8), SilenceSubject("b", WHOLE_TENANT)]
    silences.add_hours(transaction, [(it, 30 + n) for n, it in enumerate(subjects)])
    assert silences.hours_of(transaction, "a", [7, 8, 9]) == {7: [(1, 1 << 6)], 8: [(1, 1 << 7)]}
    assert silences.hours_of(transaction, "a", [8]) == {8: [(1, 1 << 7)]}
    assert silences.hours_of(transaction, "b", [0]) == {0: [(1, 1 << 8)]}
    assert silences.hours_of(transaction, "a", []) == {}


def test_hours_are_kept_from_a_day_on(tx: Transaction) -> None:
    for tenant in ("a", "b"):
        silences.add_hours(tx, [(SilenceSubject(tenant, 7), 24 * day) for day in range(5)])
    silences.remove_hours_before(tx, 3)
    for tenant in ("a", "b"):
        assert [day for day, _ in silences.hours_of(tx, tenant, [7])[7]] == [3, 4]


def test_silences_are_stored_until_they_end(tx: Transaction) -> None:
    first, second = SilenceSubject("a", 7), SilenceSubject("a", WHOLE_TENANT)
    third = SilenceSubject("b", 7)
    found = [LastReceipts(it, None, AT + n) for n, it in enumerate((first, second, third))]
    silences.add_silences(tx, found)
    assert silences.silences(tx) == {first: AT, second: AT + 1, third: AT + 2}
    silences.remove_silences(tx, [first, SilenceSubject("b", 8)])
    assert silences.silences(tx) == {second: AT + 1, third: AT + 2}
    silences.add_silences(tx, [LastReceipts(first, "x", AT + 9)])
    assert silences.silences(tx)[first] == AT + 9


def issue(
    transaction: Transaction,
    *granted: Permission,
    limits: Limits = UNLIMITED,
    tenant: str = "a",
    number: int | None = None,
) -> str:
    scope = KeyScope(tenant, "org_1" if number else None, None)
    key, _ = keys.issue_key(transaction, "n", scope, granted, AT, number, limits)
    return key.prefix


def test_senders_are_the_keys_that_may_send_now(tx: Transaction) -> None:
    number = organization(tx, "org_1", "a")
    write, read = Permission.WRITE_EVENTS, Permission.READ_ANALYTICS
    used = issue(tx, write, read, number=number)
    keys.write_uses(tx, {("a", used): AT + 3})
    issue(tx, write)
    issue(tx, read)
    issue(tx, write, tenant="b")
    keys.revoke_key(tx, "a", issue(tx, write), AT)
    assert sorted(silences.senders(tx, "a", AT), key=str) == [
        SendingKey(number, AT + 3),
        SendingKey(None, 0),
    ]


@pytest.mark.parametrize(("ends", "may"), [(-1, False), (0, False), (1, True)])
def test_a_key_sends_until_it_expires(tx: Transaction, ends: int, may: bool) -> None:
    issue(tx, Permission.WRITE_EVENTS, limits=Limits(expires_at=AT + ends))
    assert bool(silences.senders(tx, "a", AT)) == may
