"""A mail server on a real port, with a certificate, which answers as a test says."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers import free_port
from tests.waiting import PATIENCE
from tollbook.domain.mail import Encryption, MailServer, MailTerms

USER, PASSWORD = "ledger", "pass word"
PUBLIC_URL = "https://ledger.example.com"
Decide = Callable[[str], str | None]
"""Returns the refusal of a recipient, or None."""


class Mailbox:
    """What was received, and what is refused; `refuse` may be replaced at any time."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.were_encrypted: list[bool] = []
        self.refuse: Decide = lambda _: None
        self.data_answer = "250 OK"
        self.holds_who_leaves = False
        self.left = threading.Event()

    def terms(self, encryption: Encryption = Encryption.STARTTLS) -> MailTerms:
        server = MailServer("localhost", self.port, encryption, USER, PASSWORD)
        if encryption is not Encryption.STARTTLS:
            server = MailServer("localhost", self.port, encryption)
        return MailTerms(server, "Tollbook <alerts@example.com>", PUBLIC_URL)

    @property
    def subjects(self) -> list[str]:
        return [str(it["Subject"]) for it in self.received]

    async def handle_RCPT(  # noqa: N802  the name of the library
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        refusal = self.refuse(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, _session: Any, envelope: Any
    ) -> str:
        if self.data_answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            self.received.append(cast("EmailMessage", message))
            self.recipients.append(envelope.rcpt_tos)
            encryption = server.transport.get_extra_info("ssl_object")
            self.were_encrypted.append(encryption is not None)
        return self.data_answer

    async def handle_QUIT(  # noqa: N802
        self, _server: Any, _session: Any, _envelope: Any
    ) -> str:
        self.left.set()
        if self.holds_who_leaves:
            await asyncio.sleep(PATIENCE)
        return "221 Bye"


class Certificates:
    """A certificate for this machine, signed by itself, and who trusts it."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        today = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.path = folder / "certificate.pem"
        self.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        key_path = folder / "key.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key_path.write_bytes(private)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(self.path, key_path)

    @property
    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path))


class _Controller(Controller):
    """A server that closes the connections of senders when it stops, which the library does not."""

    def factory(self) -> Any:
        session = super().factory()
        self._sessions = [*getattr(self, "_sessions", []), session]
        return session

    async def close_connections(self) -> None:
        for session in getattr(self, "_sessions", []):
            if session.transport is not None:
                session.transport.abort()
        for _ in range(3):  # a transport ends in later turns of the loop
            await asyncio.sleep(0)


@contextmanager
def receiving_mails(
    certificates: Certificates | None, *, is_smtps: bool = False
) -> Iterator[Mailbox]:
    """Run a server with STARTTLS and a login, with TLS, or without a certificate."""
    mailbox = Mailbox()
    context = None if certificates is None else certificates.server
    options: dict[str, Any] = {"ssl_context": context} if is_smtps else {"tls_context": context}
    if context is not None and not is_smtps:
        options |= {"authenticator": _authenticate, "auth_required": True, "require_starttls": True}
    mailbox.port = free_port()
    controller = _Controller(mailbox, "127.0.0.1", mailbox.port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        asyncio.run_coroutine_threadsafe(controller.close_connections(), controller.loop).result()
        controller.stop()


def _authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, found: Any
) -> AuthResult:
    is_known = isinstance(found, LoginPassword) and (found.login, found.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_known, handled=False)
