"""The origins of web pages, registered by tenant."""

import pytest

from tollbook.store import origins
from tollbook.store.database import Transaction
from tollbook.store.origins import OriginRow

PAGE = "https://app.acme.example"


@pytest.fixture
def registered(transaction: Transaction) -> Transaction:
    for tenant, origin, at in (
        ("a", "https://b.example", 3),
        ("a", PAGE, 2),
        ("a", "http://localhost:3000", 9),
        ("b", PAGE, 7),
    ):
        origins.add_origin(transaction, tenant, OriginRow(origin, at))
    return transaction


def test_origins_are_listed_by_tenant_in_the_order_of_their_text(registered: Transaction) -> None:
    assert origins.list_origins(registered, "a") == [
        OriginRow("http://localhost:3000", 9),
        OriginRow(PAGE, 2),
        OriginRow("https://b.example", 3),
    ]
    assert origins.list_origins(registered, "b") == [OriginRow(PAGE, 7)]
    assert origins.list_origins(registered, "c") == []


@pytest.mark.parametrize(
    ("tenant", "origin", "of_tenant", "of_any"),
    [
        ("a", PAGE, True, True),
        ("a", "https://b.example", True, True),
        ("b", "https://b.example", False, True),
        ("c", PAGE, False, True),
        ("a", f"{PAGE}:8443", False, False),
        ("a", PAGE.upper(), False, False),
        ("a", "", False, False),
        ("a", "%", False, False),
    ],
)
def test_an_origin_is_compared_as_a_whole(
    registered: Transaction, tenant: str, origin: str, of_tenant: bool, of_any: bool
) -> None:
    assert origins.is_registered(registered, tenant, origin) == of_tenant
    assert origins.is_registered_by_any(registered, origin) == of_any


def test_an_origin_is_removed_from_its_tenant_only(registered: Transaction) -> None:
    origins.remove_origin(registered, "a", PAGE)
    origins.remove_origin(registered, "a", "https://unknown.example")
    assert [it.origin for it in origins.list_origins(registered, "a")] == [
        "http://localhost:3000",
        "https://b.example",
    ]
    assert origins.is_registered_by_any(registered, PAGE)
    origins.remove_origin(registered, "b", PAGE)
    assert not origins.is_registered_by_any(registered, PAGE)
