"""Parse the URL of a broker: its kind, hosts, and stream, queue or topic."""

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tollbook.domain.errors import InvalidRequest

_KINDS = {
    "nats": ("nats", False, 4222),
    "tls": ("nats", True, 4222),
    "amqp": ("amqp", False, 5672),
    "amqps": ("amqp", True, 5671),
    "kafka": ("kafka", False, 9092),
    "kafkas": ("kafka", True, 9093),
}
_FORMS = (
    "a broker's URL must be nats://HOST/STREAM, amqp://HOST/VHOST?queue=NAME or "
    "kafka://HOST/TOPIC, or with TLS tls://, amqps:// or kafkas://"
)


class BrokerAddress(NamedTuple):
    """Where messages come from. `name` is the stream, the queue or the topic."""

    kind: str
    tls: bool
    hosts: tuple[str, ...]
    name: str
    virtual_host: str = "/"
    user: str = ""
    password: str = ""

    @property
    def shown(self) -> str:
        """Return the address for logs and errors: hosts and name only."""
        return f"{self.kind}://{','.join(self.hosts)}/{self.name}"


def parse_address(text: str) -> BrokerAddress:
    """Parse a URL; raise `InvalidRequest` when it is not one of a broker."""
    parts = urlsplit(text)
    if parts.scheme not in _KINDS or not parts.netloc:
        raise InvalidRequest(_FORMS)
    kind, tls, port = _KINDS[parts.scheme]
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    hosts = tuple(_with_port(it, port) for it in places.split(",") if it)
    path = parts.path.removeprefix("/")
    name, virtual_host = unquote(path), "/"
    if kind == "amqp":
        virtual_host = unquote(path) or "/"
        name = (parse_qs(parts.query).get("queue") or [""])[0]
    if not hosts or not name or "/" in path:
        raise InvalidRequest(_FORMS)
    return BrokerAddress(kind, tls, hosts, name, virtual_host, unquote(user), unquote(password))


def _with_port(host: str, port: int) -> str:
    has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]")
    return host if has_port else f"{host}:{port}"
