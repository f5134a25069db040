"""Requests made up from the OpenAPI document: the server does what it documents, whatever comes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.builders import Platform, event
from tests.servers import Server
from tollbook.api.endpoints.price_book_bodies import XLSX
from tollbook.store.database import open_database

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
# Receipts tell of each event: a batch with a bad one is 207, one with too many events 413.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = [
  "207", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "431"
]
"""
# A workbook is made up as the bytes that it is.
HOOKS = f"""
import schemathesis
schemathesis.serializer.alias({XLSX!r}, "application/octet-stream")
"""
REQUESTS_FOR_EACH = int(os.environ.get("TOLLBOOK_TEST_EXAMPLES", "6"))
MOST_SECONDS = 600


def test_the_server_answers_as_documented(sqlite_url: str, tmp_path: Path) -> None:
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization("org_abc123")
    platform.send(event(organization_id="org_abc123", user_id="user_123"))
    key = platform.key()
    database.close()
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    (tmp_path / "workbooks.py").write_text(HOOKS)
    with Server(sqlite_url) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", "schemathesis.toml"),
                *("run", f"{server.address}/openapi.json"),
                *("--header", f"X-API-Key: {key}"),
                *("--phases", "examples,coverage,fuzzing"),
                *("--checks", ",".join(CHECKS)),
                *("--max-examples", str(REQUESTS_FOR_EACH)),
                *("--warnings", "off", "--no-color", "--continue-on-failure"),
                "--generation-deterministic",
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "workbooks"},
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    said = "\n".join(line[:300] for line in done.stdout.splitlines())
    assert done.returncode == 0, f"{said}\n{done.stderr}"
    assert f"Tested: {said.partition('Selected: ')[2].partition('/')[0]}" in said
