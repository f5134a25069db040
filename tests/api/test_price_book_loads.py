"""Loading price books over HTTP takes turns: a tenant's second one does not wait in line."""

from tests.api.conftest import Clocked
from tests.rerating.builders import CALLS, book

YAML = {"Content-Type": "application/yaml"}


def test_a_tenant_loads_one_price_book_at_a_time(clocked: Clocked) -> None:
    tenant, loading = clocked.tenant, clocked.services.loading_tenants
    loading.add(tenant.tenant)
    refused = tenant.post("/v1/price-books", content=book(CALLS), headers=YAML)
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert "another price book of this tenant is being loaded" in refused.json()["error"]
    loading.clear()
    loading.add("another tenant")
    assert tenant.post("/v1/price-books", content=book(CALLS), headers=YAML).status_code == 201
    assert loading == {"another tenant"}
