"""Run the requests of docs/analytics/events.md."""

import json
import re
import shlex
from pathlib import Path

from tests.api.conftest import Site, site  # noqa: F401
from tests.builders import event

PAGE = (Path(__file__).parents[2] / "docs" / "analytics" / "events.md").read_text()
BLOCKS = re.findall(r"```(sh|json|csv)\n(.*?)```", PAGE, re.DOTALL)


def test_the_requests_of_the_page_give_its_answers(site: Site) -> None:  # noqa: F811
    tenant = site.tenant()
    tenant.organization()
    attributes = {"to": "+442071838750", "direction": "outbound"}
    as_of = tenant.post("/v1/events", json=event(attributes=attributes)).json()["as_of"]
    answers = [
        tenant.get(shlex.split(text)[2].removeprefix("http://127.0.0.1:8000")).text
        for language, text in BLOCKS
        if language == "sh"
    ]
    (shown, lines) = (text for language, text in BLOCKS if language != "sh")
    written = json.loads(shown)["events"][0]["received_at"]
    assert json.loads(answers[0]) == json.loads(shown.replace(written, as_of))
    assert answers[1].replace("\r\n", "\n") == lines.replace(written, as_of)
