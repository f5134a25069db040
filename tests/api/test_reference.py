"""/docs: the reference as a page, whole under its own policy, without a script."""

from html.parser import HTMLParser

import pytest

from tests.api.conftest import Site
from tollbook.api.application import ENDPOINTS

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects what a browser would load, follow and run, and checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "action"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(site: Site) -> Page:
    return Page(site.http.get("/docs").text)


def test_the_page_is_html_for_everyone(site: Site) -> None:
    answer = site.http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html; charset=utf-8")


def test_the_policy_allows_nothing_but_our_own_styles_and_images(site: Site) -> None:
    policy = site.http.get("/docs").headers["content-security-policy"]
    assert dict(it.strip().split(" ", 1) for it in policy.split(";")) == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_the_page_needs_nothing_that_its_policy_forbids(page: Page) -> None:
    assert not {"script", "style", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert page.handlers == []


def test_the_page_nests_and_names_each_place_once(page: Page) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_every_link_stays_here_and_leads_somewhere(site: Site, page: Page) -> None:
    assert page.addresses
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.ids
        else:
            assert not address.startswith(("/", "http")), "it would leave the path of a proxy"
            assert not address.startswith("//")
            assert site.http.get(address).status_code == 200


def test_the_styles_fetch_nothing(site: Site) -> None:
    answer = site.http.get("/docs/reference.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


def test_every_endpoint_has_its_place_with_a_curl(site: Site, page: Page) -> None:
    text = site.http.get("/docs").text
    for endpoint in ENDPOINTS:
        assert endpoint.name in page.ids
        assert endpoint.path.split("{")[0] in text
    assert text.count("curl ") == len(ENDPOINTS)


def test_an_answer_shows_where_it_leads(site: Site) -> None:
    _, _, section = site.http.get("/docs").text.partition('<section id="createViewerToken">')
    shown, _, _ = section.partition("</section>")
    assert '<p>Leads to <a href="#revokeViewerToken">revokeViewerToken</a></p>' in shown
