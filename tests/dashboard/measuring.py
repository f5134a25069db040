"""What the table of 10,000 users takes in a real Chromium: first rows, sorts, keys and frames."""

from typing import Any

import httpx
from playwright.sync_api import Page

MANY = 10_000
ORGANIZATION = "org_many"
_KINDS = ("sms.outbound", "voice.call", "api.request", "api.storage")

FIRST_ROW = """() =>
  document.querySelector(".table-box tbody tr[data-index]") && performance.now()"""
MEASURE = """async (act) => {
  const run = new Function(act);
  const begun = performance.now();
  run();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - begun;
}"""
SCROLL = """async () => {
  const box = document.querySelector(".table-box");
  const frames = [];
  let last = performance.now();
  for (let n = 0; n < 60; n += 1) {
    box.scrollTop += 240;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""
SORT = 'document.querySelectorAll(".table-box thead button")[{place}].click()'
TYPE = """
  const field = document.querySelector(".table-panel input[type=search]");
  field.value = "{text}";
  field.dispatchEvent(new Event("input", {{ bubbles: true }}));
"""


def send_many(client: httpx.Client) -> None:
    """Create an organization of 10,000 users, each with an event in January 2024."""
    client.post("/v1/organizations", json={"id": ORGANIZATION, "name": "Many"})
    answer = client.post("/v1/events", json=[_event(index) for index in range(MANY)])
    assert answer.json()["counts"]["accepted"] == MANY


def _event(index: int) -> dict[str, Any]:
    return {
        "id": f"event-{index}",
        "type": _KINDS[index % 4],
        "organization_id": ORGANIZATION,
        "user_id": f"user_{index:05d}",
        "time": f"2024-01-{1 + index % 31:02d}T10:00:00Z",
        "quantity": 1 + index * 7919 % 997,
    }


def first_row(page: Page) -> float:
    """Wait for rows; return the milliseconds since the page was requested."""
    return float(page.wait_for_function(FIRST_ROW).json_value())


def sorts(page: Page) -> list[float]:
    """Sort by the name and by some figures; return the milliseconds until each is rendered."""
    return [_measured(page, SORT.format(place=it)) for it in (0, 5, 7, 13, 0)]


def keys(page: Page) -> list[float]:
    """Type into the search; return the milliseconds until each key's rows are rendered."""
    return [_measured(page, TYPE.format(text=it)) for it in ("9", "99", "999", "")]


def frames(page: Page) -> list[float]:
    """Scroll through the table; return the milliseconds between frames."""
    return [float(it) for it in page.evaluate(SCROLL)]


def _measured(page: Page, act: str) -> float:
    return float(page.evaluate(MEASURE, act))
