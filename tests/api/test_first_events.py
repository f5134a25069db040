"""The first event of a meter against a change of it, from two processes on one database.

One of them holds the meter's row when the other comes to it: the second sees what the first did.
Ledgers are locked before meters, so no two of them wait for each other.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.api.conftest import Site, Tenant
from tests.api.test_meters import PATH, WHATSAPP, whatsapp
from tests.builders import correction, event
from tests.waiting import wait_for
from tollbook.administration.meters import MeterChange, change_meter
from tollbook.domain.meters import Category
from tollbook.store import ledger, meters
from tollbook.store.audit import Actor
from tollbook.wiring import now

_WAITING = (
    "SELECT COUNT(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def tenant_of(site: Site) -> Tenant:
    tenant = site.tenant()
    tenant.organization()
    assert tenant.post(PATH, json=WHATSAPP).status_code == 201
    return tenant


def wait_until_one_waits(site: Site) -> None:
    def is_waiting() -> bool:
        with site.database.reading() as snapshot:
            return snapshot.integer(_WAITING) > 0

    wait_for(is_waiting)


def test_a_first_event_sees_the_change_that_came_before(postgres_site: Site) -> None:
    tenant = tenant_of(postgres_site)
    actor = Actor(tenant.tenant, "cli", now())
    with ThreadPoolExecutor() as pool:
        with postgres_site.database.writing() as transaction:
            change = MeterChange(category=Category.VOICE)
            meter = change_meter(transaction, actor, WHATSAPP["type"], change)
            sent = pool.submit(tenant.post, "/v1/events", json=whatsapp())
            wait_until_one_waits(postgres_site)
        answer: httpx.Response = sent.result()
    assert answer.json()["receipts"][0]["code"] == "no_price"
    stored = tenant.rows(
        "SELECT meter FROM quarantine WHERE organization_id = :number",
        number=tenant.number("org_1"),
    )
    assert stored == [(meter.code,)] == [(2000,)]


def test_a_change_sees_the_first_event_that_came_before(postgres_site: Site) -> None:
    tenant = tenant_of(postgres_site)
    body: dict[str, Any] = {"unit": "session"}
    with ThreadPoolExecutor() as pool:
        with postgres_site.database.writing() as transaction:
            meters.mark_used(transaction, tenant.tenant, [1000], now())
            changed = pool.submit(tenant.patch, f"{PATH}/{WHATSAPP['type']}", json=body)
            wait_until_one_waits(postgres_site)
        answer: httpx.Response = changed.result()
    assert (answer.status_code, answer.json()["code"]) == (409, "meter_in_use")


def test_a_first_event_and_a_correction_to_the_meter_do_not_wait_for_each_other(
    postgres_site: Site,
) -> None:
    tenant = tenant_of(postgres_site)
    tenant.post("/v1/events", json=event(id="late", cost_pending=True))
    number = tenant.number("org_1")
    with ThreadPoolExecutor() as pool:
        with postgres_site.database.writing() as transaction:
            ledger.hold_ledgers(transaction, [number])  # as a correction does
            sent = pool.submit(tenant.post, "/v1/events", json=whatsapp())
            wait_until_one_waits(postgres_site)
            meters.mark_used(transaction, tenant.tenant, [1000], now())
        answer: httpx.Response = sent.result()
    assert answer.json()["receipts"][0]["code"] == "no_price"
    corrected = correction("late", type=WHATSAPP["type"], quantity=1, cost_pending=None)
    assert tenant.post("/v1/events/corrections", json=corrected).status_code == 207
    stored = tenant.rows(
        "SELECT id_text(id), meter FROM quarantine WHERE organization_id = :number ORDER BY id",
        number=number,
    )
    assert [row[1] for row in stored] == [1000, 1000]
