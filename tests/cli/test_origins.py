"""tollbook origins: the origins of pages, registered and removed at the machine."""

from tests.cli.conftest import Tollbook

PAGE = "https://app.example.com"


def test_origins_are_added_listed_and_removed(tollbook: Tollbook) -> None:
    assert "no origins are registered yet" in tollbook("origins", "list").out
    assert f"{PAGE} is registered\n" in tollbook("origins", "add", PAGE).out
    assert f"{PAGE} is registered already\n" in tollbook("origins", "add", PAGE).out
    listed = tollbook.json("origins", "list")
    assert [it["origin"] for it in listed] == [PAGE]
    assert PAGE in tollbook("origins", "list").out
    assert tollbook.json("origins", "remove", PAGE) == listed[0]
    assert tollbook.json("origins", "list") == []
    assert "Origin not found" in tollbook.refusal("origins", "remove", PAGE)


def test_another_form_is_refused_with_the_right_one(tollbook: Tollbook) -> None:
    assert f": {PAGE}" in tollbook.refusal("origins", "add", f"{PAGE}/usage")
