"""Send mails about notifications, one recipient each, over an encrypted connection."""

import asyncio
import hashlib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from socket import gaierror

import aiosmtplib

from tollbook.alerts.report_chart import chart_png
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome, excerpt_of
from tollbook.domain.mail import Encryption, MailTerms
from tollbook.domain.mail_texts import mail_text, report_data
from tollbook.domain.notifications import NotificationType
from tollbook.domain.payloads import StoredNotification
from tollbook.domain.report_texts import CHART_ID

WHOLE_SECONDS = 60.0
_CONNECT_SECONDS = 15.0
_QUIT_SECONDS = 2.0
_SECOND = 1_000_000
_ACCEPTED = 250
_FINAL = range(500, 600)
_ID_BYTES = 16
_POLICY = SMTP_POLICY.clone(max_line_length=998, cte_type="7bit")
"""Long lines, because a URL that is folded in a header would be encoded as words."""


def mail_message(
    terms: MailTerms,
    address: str,
    found: Sequence[StoredNotification],
    unsubscribe: str | None,
    now: int,
) -> EmailMessage:
    """Return a mail about notifications to an address; `now` is in microseconds since 1970.

    A repeat of the same mail has the same `Message-ID`. `unsubscribe` is the URL of RFC 8058.
    """
    content = mail_text(found, terms.public_url or None, unsubscribe)
    message = EmailMessage(policy=_POLICY)
    message["From"] = terms.sender
    message["To"] = address
    message["Subject"] = content.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now // _SECOND, UTC))
    message["Message-ID"] = _message_id(terms, address, found)
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(content.text)
    message.add_alternative(content.html, subtype="html")
    if len(found) == 1 and found[0].type == NotificationType.REPORT_READY:
        _add_chart(message, chart_png(report_data(found[0])))
    return message


def _add_chart(message: EmailMessage, image: bytes) -> None:
    """Add an image next to the HTML, which shows it in its place."""
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)  # noqa: S101  the second alternative
    html.add_related(
        image, "image", "png", cid=f"<{CHART_ID}>", disposition="inline", filename="chart.png"
    )


def _message_id(terms: MailTerms, address: str, found: Sequence[StoredNotification]) -> str:
    named = "\n".join([address, *(it.id for it in found)]).encode()
    digest = hashlib.sha256(named).hexdigest()[: 2 * _ID_BYTES]
    return f"<{digest}@{terms.sender_address.rpartition('@')[2]}>"


class Mailer:
    """Sends mails over a connection each. It belongs to the event loop that uses it."""

    def __init__(
        self,
        terms: MailTerms,
        context: ssl.SSLContext | None = None,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self.terms = terms
        self._context = context or ssl.create_default_context()
        self._whole_seconds = whole_seconds

    async def send(self, message: EmailMessage, address: str) -> AttemptOutcome:
        """Send a mail and return what came of it, within a minute.

        5xx about the recipient or the mail is final; about the login or the sender it is not.
        """
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._send(message, address)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0], is_final=True)
        except aiosmtplib.SMTPDataError as error:
            return _refused(error, is_final=True)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error, is_final=False)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return AttemptOutcome(code=AttemptCode.TIMEOUT)
        except (aiosmtplib.SMTPException, OSError) as error:
            return AttemptOutcome(code=_code_of(error))

    async def _send(self, message: EmailMessage, address: str) -> AttemptOutcome:
        server = self.terms.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.encryption is Encryption.TLS,
            start_tls=server.encryption is Encryption.STARTTLS,
            tls_context=None if server.encryption is Encryption.NONE else self._context,
            timeout=_CONNECT_SECONDS,
        )
        try:
            await client.connect()
            sender = self.terms.sender_address
            _, answer = await client.sendmail(sender, [address], message.as_bytes())
        finally:
            await _leave(client)
        return AttemptOutcome(status=_ACCEPTED, excerpt=excerpt_of(answer.encode()))


async def _leave(client: aiosmtplib.SMTP) -> None:
    """End a conversation and its connection, whether or not the server takes leave.

    Closing a TLS connection would wait for the server; nothing that it sends then is of use.
    """
    transport = client.transport
    try:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=_QUIT_SECONDS)
    finally:
        client.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


def _refused(error: aiosmtplib.SMTPResponseException, *, is_final: bool) -> AttemptOutcome:
    return AttemptOutcome(
        status=error.code,
        code=AttemptCode.SMTP_STATUS,
        excerpt=excerpt_of(str(error.message).encode()),
        is_final=is_final and error.code in _FINAL,
    )


def _code_of(error: Exception) -> AttemptCode:
    """Return what failed: the name, TLS, the connection, or the conversation."""
    if "STARTTLS" in str(error):
        return AttemptCode.TLS_FAILED
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError):
            return AttemptCode.TLS_FAILED
        if isinstance(found, gaierror):
            return AttemptCode.DNS_FAILED
        found = found.__cause__ or found.__context__
    if isinstance(error, aiosmtplib.SMTPConnectError | ConnectionRefusedError):
        return AttemptCode.CONNECT_FAILED
    return AttemptCode.BAD_RESPONSE
