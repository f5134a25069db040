"""Origins are accepted exactly as browsers send them; otherwise the right form is named."""

import pytest

from tollbook.domain.origin_errors import InvalidOrigin
from tollbook.domain.origins import check_origin

AS_SENT = [
    "https://app.example.com",
    "https://app.example.com:8443",
    "https://a_b.example",
    "https://xn--mnchen-3ya.example",
    "https://192.0.2.7:8443",
    "https://[2001:db8::1]:8443",
    "http://localhost",
    "http://localhost:3000",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
]
RIGHT_FORMS = {
    "https://App.Example.com": "https://app.example.com",
    "HTTPS://app.example.com": "https://app.example.com",
    "https://app.example.com/": "https://app.example.com",
    "https://app.example.com/usage?a=b#c": "https://app.example.com",
    "https://app.example.com:443": "https://app.example.com",
    "http://localhost:80": "http://localhost",
    "https://münchen.example": "https://xn--mnchen-3ya.example",
    "https://[2001:DB8:0::1]": "https://[2001:db8::1]",
}
NONE = [
    "",
    "null",
    "*",
    "app.example.com",
    "https://",
    "https://*.example.com",
    "https://user@app.example.com",
    "https://app.example.com:0",
    "https://app.example.com:99999",
    "https://app example.com",
    "https://app.example.com;script-src",
    "https://app.example.com,https://other.example",
    "https://-app.example.com",
    "https://1.2.3",
    "https://999.0.0.1",
    "https://[::zz]",
    "https://straße.example",
    "ftp://app.example.com",
    "javascript:alert(1)",
    "chrome-extension://abcdef",
]


@pytest.mark.parametrize("text", AS_SENT)
def test_an_origin_as_browsers_send_it_is_accepted(text: str) -> None:
    assert check_origin(text) == text


@pytest.mark.parametrize("text", RIGHT_FORMS)
def test_another_form_is_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(InvalidOrigin) as refused:
        check_origin(text)
    assert refused.value.sentence.endswith(f": {RIGHT_FORMS[text]}")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidOrigin) as refused:
        check_origin(text)
    assert refused.value.sentence.endswith("as browsers send it")


@pytest.mark.parametrize("text", ["http://app.example.com", "http://192.0.2.7:80"])
def test_only_this_computer_may_be_without_encryption(text: str) -> None:
    with pytest.raises(InvalidOrigin, match="must begin with https://"):
        check_origin(text)
