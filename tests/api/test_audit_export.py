"""The audit log as a file: every act that matches, in order, in little memory."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow.parquet
import pytest

from tests.api.conftest import Tenant, prefix
from tests.builders import Json
from tollbook.api.endpoints.audit_log import acts_table
from tollbook.api.formats.choice import MEDIA_TYPES, WRITERS, Format
from tollbook.domain.keys import Permission
from tollbook.store import audit
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act

PATH = "/v1/audit-log"
MANY = 30_000
SEVERAL_PAGES = 6_000
START = 1_700_000_000_000_000


_COLUMNS = {
    "tenant_id": "TEXT",
    "at": "BIGINT",
    "id": "TEXT",
    "key_prefix": "TEXT",
    "action": "TEXT",
    "object": "TEXT",
    "details": "TEXT",
    "organization_id": "BIGINT",
    "address": "TEXT",
}


def act_often(tenant: Tenant, acts: int) -> None:
    """Write acts, three of them at each instant: one as ever, and the others in bulk like it."""
    number = tenant.number("org_1")
    with tenant.database.writing() as transaction:
        actor = Actor(tenant.tenant, f"tb_{0:012}", START, "192.0.2.7")
        write_act(transaction, actor, "key.create", "key 0", details_of(0), number)
        first = "SELECT * FROM audit_log WHERE tenant_id = :tenant AND object = 'key 0'"
        (written,) = transaction.rows(first, tenant=tenant.tenant)
        rows = [row_of(tenant, number, n) for n in range(acts)]
        assert (*written[:2], *written[3:]) == (*rows[0][:2], *rows[0][3:])
        transaction.bulk("audit_log", _COLUMNS, rows[1:])


def details_of(n: int) -> Json:
    return {"number": n, "name": "x" * 200}


def row_of(tenant: Tenant, number: int, n: int) -> tuple[Any, ...]:
    details = msgspec.json.encode(details_of(n)).decode()
    what = f"{n * 7919 % 2**64:016x}", f"tb_{n:012}", "key.create", f"key {n}", details
    return (tenant.tenant, START + n // 3, *what, number, "192.0.2.7")


def pages(tenant: Tenant) -> Iterator[Json]:
    cursor = ""
    while True:
        answer = tenant.get(f"{PATH}?limit=1000{cursor}").json()
        yield from answer["acts"]
        if answer["next_cursor"] is None:
            return
        cursor = f"&cursor={answer['next_cursor']}"


def lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_log_without_acts_is_a_file_without_rows(either: Tenant) -> None:
    answer = either.get(f"{PATH}?format=csv")
    assert answer.text == "at,key_prefix,address,action,object,organization_id,details\r\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    name = f'attachment; filename="audit-log-{either.tenant}.csv"'
    assert answer.headers["content-disposition"] == name
    assert either.get(f"{PATH}?format=ndjson").content == b""


def test_a_file_has_every_act_and_not_one_page(either: Tenant) -> None:
    act_often(either, SEVERAL_PAGES)
    shown = list(pages(either))
    assert len({it["object"] for it in shown}) == SEVERAL_PAGES
    assert lines(either.get(f"{PATH}?format=ndjson").text) == shown
    text = either.get(PATH, headers={"Accept": "text/csv"}).text
    rows = [
        {**row, "details": json.loads(row["details"])}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]
    assert rows == shown


@pytest.mark.parametrize("chosen", [Format.CSV, Format.NDJSON])
def test_a_file_takes_no_more_memory_than_a_part_of_it(either: Tenant, chosen: Format) -> None:
    act_often(either, MANY)
    size = 0
    with either.database.streaming() as snapshot:
        tracemalloc.start()
        for piece in WRITERS[chosen](acts_table(audit.all_acts(snapshot, either.tenant))):
            size += len(piece)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size > 9_000_000
    assert most < 6_000_000


def test_a_file_has_what_is_chosen_and_what_the_key_may_see(either: Tenant) -> None:
    either.organization("org_2")
    for organization in ("org_1", "org_2"):
        body = {"name": "n", "permissions": ["admin"], "organization_id": organization}
        either.post("/v1/keys", json=body)
    either.post("/v1/organizations/org_2/users", json={"id": "ann", "name": "Ann"})
    stranger = Tenant(either.database, either.http)
    mine = either.key(organization="org_1")

    def export(query: str = "", key: str | None = None) -> list[tuple[str, str]]:
        found = lines(either.get(f"{PATH}?format=ndjson{query}", key).text)
        return [(it["action"], it["organization_id"]) for it in found]

    everything = [("user.create", "org_2"), ("key.create", "org_2"), ("key.create", "org_1")]
    assert export() == everything
    assert export("&action=key.create") == everything[1:]
    assert export("&organization_id=org_2") == everything[:2]
    assert export(f"&key={prefix(either.admin)}&start_date=2024-01-01") == everything
    assert export("&end_date=2024-01-01") == []
    assert export("", mine) == export("&organization_id=org_1", mine) == everything[2:]
    assert export("", stranger.admin) == []


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_who_may_not_see_the_log_gets_no_file(either: Tenant, form: str) -> None:
    either.organization("org_2")
    organization = either.key(organization="org_1")
    user = either.key(organization="org_1", user="ann")
    reader = either.key(Permission.READ_ANALYTICS)
    token = either.post("/v1/viewer-tokens", json={"organization_id": "org_1"}).json()["token"]
    path = f"{PATH}?format={form}"
    assert [either.get(path, it).status_code for it in (user, reader, token, "")] == [
        *(403, 403, 403, 401),
    ]
    other = either.get(f"{path}&organization_id=org_2", organization)
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


def test_a_page_of_a_file_has_the_next_cursor_beside_it(either: Tenant) -> None:
    act_often(either, 5)
    seen, cursor = [], ""
    for _ in range(3):
        answer = either.get(f"{PATH}?format=ndjson&limit=2{cursor}")
        cursor = f"&cursor={answer.headers.get('x-next-cursor')}"
        seen += [it["object"] for it in lines(answer.text)]
    assert (seen, cursor) == ([it["object"] for it in pages(either)], "&cursor=None")


def test_a_text_of_the_log_is_no_formula(either: Tenant) -> None:
    either.organization("=org")
    body = {"name": "n", "permissions": ["admin"], "organization_id": "=org"}
    either.post("/v1/keys", json=body)
    text = either.get(f"{PATH}?format=csv").text
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["organization_id"] == "'=org"
    assert row["details"].startswith('{"')


def test_it_is_a_parquet_file_too(either: Tenant) -> None:
    act_often(either, 3)
    answer = either.get(f"{PATH}?format=parquet")
    assert answer.headers["content-type"] == MEDIA_TYPES[Format.PARQUET]
    rows = pyarrow.parquet.read_table(io.BytesIO(answer.content)).to_pylist()
    assert sorted(it["object"] for it in rows) == ["key 0", "key 1", "key 2"]


def test_a_head_sends_no_file(either: Tenant) -> None:
    answer = either.call("HEAD", f"{PATH}?format=csv")
    assert (answer.status_code, answer.content) == (200, b"")
