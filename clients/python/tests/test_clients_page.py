"""Every snippet of docs/clients.md runs as it is shown."""

import re
from pathlib import Path

import pytest
from tests.api.conftest import Tenant
from tests.waiting import PATIENCE

from tollbook_client import Client

PAGE = (Path(__file__).parents[3] / "docs" / "clients.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_runs(
    snippet: str, tenant: Tenant, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tenant.organization("org_abc123")
    monkeypatch.setenv("TOLLBOOK_URL", address)
    monkeypatch.setenv("TOLLBOOK_API_KEY", tenant.admin)
    monkeypatch.setenv("TOLLBOOK_SPOOL", str(tmp_path / "spool.db"))
    names: dict[str, object] = {"__name__": "snippet"}
    exec(compile(snippet, "docs/clients.md", "exec"), names)
    meter = names.get("meter")
    if meter is not None:
        assert meter.close(timeout=PATIENCE) == 0  # type: ignore[attr-defined]
    if "metrics" in names:
        assert "tollbook_client_spooled 0" in names["metrics"]()  # type: ignore[operator]
    with Client() as client:
        stored = list(
            client.iter_events(organization_id="org_abc123", period="this_month", limit=100)
        )
    assert len(stored) == (1 if "voice.call" in snippet else 3 if "record_many" in snippet else 0)


def test_every_option_is_documented() -> None:
    from inspect import signature

    from tollbook_client import Meter

    options = list(signature(Meter).parameters)[2:]
    assert [name for name in options if f"`{name}`" not in PAGE] == []
