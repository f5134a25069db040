"""How mails are sent: the server, the sender, and which addresses may receive them."""

from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from tollbook.domain.directory import has_control_characters
from tollbook.domain.errors import Problem

MOST_ADDRESSES = 10
LONGEST_ADDRESS = 254
MOST_PER_HOUR = 20
"""The mails that an address gets in an hour."""
_PORTS = {"smtp": 587, "smtps": 465}
_NO_STARTTLS = "starttls=off"


class InvalidMailUrl(ValueError):
    """A URL that names no mail server; the message ends a sentence about the URL."""


class Encryption(StrEnum):
    """How a connection to a mail server is encrypted; the certificate is always checked."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailServer(msgspec.Struct, frozen=True):
    """A server that accepts mails; no user means that nobody logs in."""

    host: str
    port: int
    encryption: Encryption
    user: str | None = None
    password: str | None = None


class MailTerms(msgspec.Struct, frozen=True):
    """Which server sends mails, from whom, and where people reach this server.

    `sender` is an address, or a name with an address in angle brackets. `public_url` has no slash
    at its end; without one, mails have no links.
    """

    server: MailServer
    sender: str
    public_url: str = ""

    @property
    def sender_address(self) -> str:
        """Return the address of the sender alone."""
        return parseaddr(self.sender)[1]


def parse_mail_url(text: str) -> MailServer:
    """Parse `smtp://user:password@host:port` or `smtps://…`; raise `InvalidMailUrl`.

    `?starttls=off` sends without encryption, to this machine only.
    """
    parts, port = _split(text)
    is_open = parts.query == _NO_STARTTLS and parts.scheme == "smtp"
    host = parts.hostname or ""
    if not host or has_control_characters(unquote(text)):
        raise InvalidMailUrl("must name a host, such as smtp://user:password@mail.example.com:587")
    if parts.path.strip("/") or parts.fragment or (parts.query and not is_open):
        raise InvalidMailUrl("must end with the port, or with ?starttls=off after smtp://")
    if is_open and not _is_loopback(host):
        raise InvalidMailUrl("must not have ?starttls=off for a host other than this machine")
    return MailServer(
        host=host,
        port=port,
        encryption=_encryption(parts.scheme, is_open=is_open),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _split(text: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidMailUrl("must be a URL with a port from 1 to 65535") from error
    if parts.scheme not in _PORTS:
        raise InvalidMailUrl("must begin with smtp:// or smtps://")
    return parts, port or _PORTS[parts.scheme]


def _encryption(scheme: str, *, is_open: bool) -> Encryption:
    if scheme == "smtps":
        return Encryption.TLS
    return Encryption.NONE if is_open else Encryption.STARTTLS


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def address_problems(field: str, addresses: list[str]) -> list[Problem | None]:
    """Return the problems with a list of addresses that mails go to."""
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        sentence = f"{field} must have 1 to {MOST_ADDRESSES} addresses"
        return [Problem(field, "invalid_address", sentence)]
    if len(set(map(str.lower, addresses))) < len(addresses):
        return [Problem(field, "invalid_address", f"{field} must not have an address twice")]
    return [None if is_address(it) else _invalid(field) for it in addresses]


def _invalid(field: str) -> Problem:
    sentence = f"{field} must contain e-mail addresses in ASCII, such as billing@example.com"
    return Problem(field, "invalid_address", sentence)


def is_address(text: str) -> bool:
    """Return whether a text is the address of a mailbox, in ASCII and without a name."""
    if not text.isascii() or not text.isprintable() or len(text) > LONGEST_ADDRESS:
        return False
    try:
        found = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        return False
    return bool(found.username and found.domain) and found.addr_spec == text


def is_public_url(text: str) -> bool:
    """Return whether a text is an HTTP URL without query that links can begin with."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' <>"?#')
    return is_plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def is_sender(text: str) -> bool:
    """Return whether a text is an address, or a name with an address in angle brackets."""
    return not has_control_characters(text) and is_address(parseaddr(text)[1])
