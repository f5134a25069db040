"""The URLs of endpoints: what exactly is accepted, and addresses inside other addresses."""

from ipaddress import ip_address, ip_network

import pytest

from tollbook.domain.destinations import LONGEST_URL, InvalidUrl, is_allowed, parse_url

HOST = "https://example.com/"


def refused(url: str, *networks: str) -> str:
    with pytest.raises(InvalidUrl) as error:
        parse_url(url, tuple(map(ip_network, networks)))
    return str(error.value)


def test_a_url_may_be_as_long_as_that_and_no_longer() -> None:
    longest = HOST + "x" * (LONGEST_URL - len(HOST))
    assert len(parse_url(longest).target) == LONGEST_URL - len(HOST) + 1
    assert refused(longest + "x") == "must have up to 2000 characters"


@pytest.mark.parametrize(
    "url",
    [
        "https://user@example.com/",
        "https://:secret@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
    ],
)
def test_a_url_has_neither_a_user_nor_a_password(url: str) -> None:
    assert refused(url) == "must not contain a user or a password"


@pytest.mark.parametrize(
    ("port", "is_fine"),
    [(80, True), (443, True), (1024, True), (65535, True), (1023, False), (1, False), (0, False)],
)
def test_a_port_is_that_of_the_web_or_a_free_one(port: int, is_fine: bool) -> None:
    url = f"https://example.com:{port}/"
    if is_fine:
        assert parse_url(url).port == port
    else:
        assert refused(url) == "must have port 80 or 443, or one from 1024"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://example.com/\x7f", "must not contain spaces, control characters or backslashes"),
        ("https://example.com/a b", "must not contain spaces, control characters or backslashes"),
        ("https://example.com/a\\b", "must not contain spaces, control characters or backslashes"),
        ("https://example.com/ü", "must have an escaped path and query"),
        ("https://example.com/?q=ü", "must have an escaped path and query"),
        ("https://example.com/#", None),
        ("https://example.com/#a", "must not contain a fragment"),
        ("https://example.com:port/", "must be a URL such as https://example.com/hook"),
        ("https://[::1/", "must be a URL such as https://example.com/hook"),
        ("https:///", "must have the name or address of a host"),
        ("https://exa$mple.com/", "must have the name or address of a host"),
        ("https://" + "x" * 64 + ".com$/", "must have the name or address of a host"),
        ("http://example.com/", "must begin with https://"),
        ("HTTPS://example.com/", None),
        ("example.com", "must begin with https://"),
        ("", "must begin with https://"),
    ],
)
def test_a_problem_ends_a_sentence_about_the_url(url: str, problem: str | None) -> None:
    if problem is None:
        assert parse_url(url).host == "example.com"
    else:
        assert refused(url) == problem


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("\uff45xample.com", "example.com"),
        # Such names are none of IDNA, but they are used.
        ("my_hook.example.com", "my_hook.example.com"),
        ("_a.b", "_a.b"),
        ("a--b_c.example", "a--b_c.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_a_host_is_written_in_ascii(host: str, expected: str) -> None:
    assert parse_url(f"https://{host}/").host == expected


@pytest.mark.parametrize(
    ("url", "target", "path"),
    [
        ("https://example.com", "/", "/"),
        ("https://example.com?a=1", "/?a=1", "/"),
        ("https://example.com/a?b?c", "/a?b?c", "/a"),
        ("https://example.com/a/?", "/a/", "/a/"),
    ],
)
def test_a_target_is_the_path_and_the_query(url: str, target: str, path: str) -> None:
    found = parse_url(url)
    assert (found.target, found.path) == (target, path)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com:443/", "https://example.com"),
        ("https://example.com:80/", "https://example.com:80"),
        ("http://example.com:443/", "http://example.com:443"),
        ("http://example.com:80/", "http://example.com"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_has_its_port_unless_it_is_usual(url: str, origin: str) -> None:
    found = parse_url(url, (ip_network("10.0.0.0/8"),))
    assert found.origin == origin
    assert found.url == f"{origin}/"


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        # An address with another one inside needs both to be allowed.
        ("64:ff9b::a00:1", ["10.0.0.0/8"], True),
        ("64:ff9b::a00:1", ["64:ff9b::/96"], False),
        ("::ffff:10.0.0.1", ["10.0.0.0/8"], False),
        ("::ffff:10.0.0.1", ["10.0.0.0/8", "::ffff:0:0/96"], True),
        ("2002:a00:1::", ["2002::/16"], False),
        ("2002:a00:1::", ["2002::/16", "10.0.0.0/8"], True),
        # Teredo has the address of the client inverted at its end: here 10.0.0.1.
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", ["2001::/32"], False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", ["2001::/32", "10.0.0.0/8"], True),
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", ["2001::/32"], True),
        ("64:ff9b:1::a00:1", ["64:ff9b:1::/48"], False),
        ("64:ff9b:1::a00:1", ["64:ff9b:1::/48", "10.0.0.0/8"], True),
        # The loopback address has no other one inside, unlike its neighbor.
        ("::1", ["::1/128"], True),
        ("::2", ["::/96"], False),
        ("::2", ["::/96", "0.0.0.0/8"], True),
        # A link-local address needs a network that is link-local itself.
        ("fe80::1", ["::/0"], False),
        ("fe80::1", ["fe80::/64"], True),
        ("fe80::1%eth0", ["fe80::/64"], False),
        ("169.254.1.1", ["169.254.0.0/16"], True),
        ("169.254.1.1", ["168.0.0.0/6"], False),
    ],
)
def test_networks_that_are_allowed_in_addition(
    address: str, networks: list[str], expected: bool
) -> None:
    allowed = tuple(map(ip_network, networks))
    assert is_allowed(ip_address(address), allowed) is expected
