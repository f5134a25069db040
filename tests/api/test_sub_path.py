"""A server under a path of a proxy: the page, the reference and the document are reached there."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from tests.api.conftest import Site, Tenant, site_on

PREFIX = "/under/it"
FORWARDED = {"X-Forwarded-Prefix": PREFIX}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path_factory.mktemp('behind') / 'tollbook.db'}"
    yield from site_on(url, trusted_proxies="127.0.0.1")


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path_factory.mktemp('rooted') / 'tollbook.db'}"
    yield from site_on(url, root_path=PREFIX)


def server_of(site: Site, path: str = "/openapi.json", **headers: str) -> str:
    (server,) = site.http.get(path, headers=headers).json()["servers"]
    return str(server["url"])


@pytest.mark.parametrize("page", ["/docs", "/"])
def test_every_link_of_a_page_stays_under_the_prefix(rooted: Site, page: str) -> None:
    text = rooted.http.get(f"{PREFIX}{page}").text
    links = [it for it in re.findall(r'(?:href|src)="([^"#]+)"', text) if ":" not in it]
    assert links
    for link in links:
        target = urljoin(f"{PREFIX}{page}", link)
        assert target.startswith(f"{PREFIX}/")
        for path in (target, target.removeprefix(PREFIX)):  # a proxy may remove the prefix
            assert rooted.http.get(path).status_code == 200, path


def test_the_document_names_the_prefix_that_a_trusted_proxy_forwards(behind: Site) -> None:
    assert server_of(behind) == "/"
    assert server_of(behind, **FORWARDED) == PREFIX
    assert server_of(behind, f"{PREFIX}/openapi.json", **FORWARDED) == PREFIX
    assert server_of(behind, **{"X-Forwarded-Prefix": f"{PREFIX}/"}) == PREFIX
    for wrong in ("under", "//evil.example", "/a b", "/a?b", "https://evil.example", "/" * 300):
        assert server_of(behind, **{"X-Forwarded-Prefix": wrong}) == "/", wrong


def test_an_untrusted_client_forwards_no_prefix(site: Site, rooted: Site) -> None:
    assert server_of(site, **FORWARDED) == "/"
    assert site.http.get(f"{PREFIX}/openapi.json", headers=FORWARDED).status_code == 404
    assert server_of(rooted, **{"X-Forwarded-Prefix": "/another"}) == PREFIX


def test_requests_are_answered_under_the_prefix(rooted: Site) -> None:
    tenant: Tenant = rooted.tenant()
    tenant.organization("a/b")
    for prefix in (PREFIX, ""):
        assert tenant.get(f"{prefix}/v1/organizations/a%2Fb").status_code == 200
    moved = rooted.http.get(PREFIX, follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, f"{PREFIX}/")
