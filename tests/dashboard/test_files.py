"""The served files are small, unchanged, local, and cached permanently."""

import gzip
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.dashboard.conftest import Demo
from tollbook.dashboard.assets import read_assets
from tollbook.dashboard.catalog import catalog_module
from tollbook.dashboard.pages import LATER, POLICY
from tollbook.domain.meters import BY_TYPE, CATALOG, Category

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "tollbook" / "dashboard"
VENDORED = json.loads((FOLDER / "vendor" / "vendored.json").read_text())
BUDGET = 90 * 1024
BUDGET_OF_EMBEDDING = 8 * 1024
BUDGET_OF_LATER = 18 * 1024
"""What is loaded when it is first shown."""


class Addresses(HTMLParser):
    """The addresses a page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for name in ("src", "href") if name in given]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


def test_the_whole_page_is_within_its_budget() -> None:
    loaded = [it for name, it in read_assets().items() if not name.endswith(".txt")]
    files = [(FOLDER / "index.html").read_bytes(), *loaded]
    embedded = [it for name, it in read_assets().items() if name.startswith("embed/")]
    later = [it for name, it in read_assets().items() if name.startswith(LATER)]
    assert _compressed(files) - _compressed(embedded) - _compressed(later) <= BUDGET
    assert _compressed(embedded) <= BUDGET_OF_EMBEDDING
    assert _compressed(later) <= BUDGET_OF_LATER


def _compressed(files: list[bytes]) -> int:
    return sum(len(gzip.compress(it, 9)) for it in files)


def test_the_page_loads_nothing_that_only_frames_need_or_that_is_shown_later(demo: Demo) -> None:
    with demo.server.client() as client:
        page = client.get("/").text
    assert "/views/overview.js" in page
    assert [it for it in ("embed/", *LATER) if f"/{it}" in page] == []


@pytest.mark.parametrize("it", VENDORED, ids=lambda it: it["file"])
def test_a_vendored_module_is_as_it_was_written_down(it: dict[str, str]) -> None:
    assert sha256((FOLDER / "vendor" / it["file"]).read_bytes()).hexdigest() == it["sha256"]
    assert it["version"]
    assert it["license"] in ("MIT", "Apache-2.0")


def test_every_vendored_module_is_written_down_and_pinned() -> None:
    assert {it["file"] for it in VENDORED} == {it.name for it in (FOLDER / "vendor").glob("*.js")}
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert all(pinned[it["package"]] == it["version"] for it in VENDORED)
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def test_every_import_is_relative_and_leads_to_a_file() -> None:
    statement = re.compile(r'(?:^(?:import|export|\}) .*|[};])from ?"([^"\s]+)"', re.MULTILINE)
    served = read_assets()
    for path in FOLDER.rglob("*.js"):
        for name in statement.findall(path.read_text()):
            assert name.startswith("."), (path.name, name)
            file = (path.parent / name).resolve().relative_to(FOLDER)
            assert file.as_posix() in served, (path.name, name)


def test_the_page_knows_every_meter_every_category_and_every_column() -> None:
    names = re.findall(r"^export const (\w+)", catalog_module().decode(), re.MULTILINE)
    meters, kinds, users, organizations = (
        json.loads(line.partition(" = ")[2].rstrip(";"))
        for line in catalog_module().decode().splitlines()
    )
    assert names == ["METERS", "KINDS", "USER_FIGURES", "ORGANIZATION_FIGURES"]
    assert [it["type"] for it in meters] == [it.type for it in CATALOG]
    assert sorted(it for kind in kinds for it in kind["meters"]) == sorted(BY_TYPE)
    assert {it["cost"] for it in kinds} == {f"{it}_cost" for it in Category}
    labels = ["SMS Sent", "SMS Received", "MMS Sent", "MMS Received", "Voice Calls", "Voice Min"]
    labels += ["API Requests", "Storage", "Phone Monthly", "Phones Purchased"]
    assert [it["label"] for it in users] == [*labels, "KB Count", "KB Min"]
    assert [it["label"] for it in organizations] == ["Users", *labels, "Brands", "KB Count"]


def test_the_page_names_only_files_that_are_served(demo: Demo) -> None:
    with demo.server.client() as client:
        page = client.get("/")
        named = Addresses(page.text)
        answers = [client.get(f"/{it.lstrip('/')}") for it in named.found]
    assert len(named.found) > 10
    assert [it.url.path for it in answers if it.status_code != 200] == []
    assert named.inline == []
    assert "<script>" not in page.text


def test_the_page_comes_under_a_strict_policy_and_is_asked_for_again(demo: Demo) -> None:
    with demo.server.client() as client:
        page = client.get("/")
        again = client.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert page.headers["content-security-policy"] == POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in POLICY
    assert page.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("vendor/preact.js", "text/javascript; charset=utf-8"),
        ("styles/tokens.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_a_file_is_kept_for_ever_and_has_its_type(demo: Demo, name: str, media_type: str) -> None:
    with demo.server.client() as client:
        base = re.search(r'src="(assets/\w+)/main.js"', client.get("/").text)
        assert base
        answer = client.get(f"/{base[1]}/{name}")
        plain = client.get(f"/{base[1]}/{name}", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert answer.content == plain.content == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("path", ["/assets/0/main.js", "/index.html", "/vendor/vendored.json"])
def test_nothing_else_of_the_folder_is_served(demo: Demo, path: str) -> None:
    with demo.server.client() as client:
        assert client.get(path).status_code == 404
