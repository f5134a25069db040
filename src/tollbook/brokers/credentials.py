"""What a consumer signs in to a broker with."""

import ssl
from dataclasses import dataclass, field

from tollbook.domain.errors import InvalidRequest


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or a file of NATS credentials, and the files of TLS."""

    user: str = ""
    password: str = field(default="", repr=False)
    file: str = ""
    ca: str | None = None
    cert: str | None = None
    cert_key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings, which always check the broker's certificate."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert:
                context.load_cert_chain(self.cert, self.cert_key)
        except OSError as error:
            raise InvalidRequest(f"the TLS files cannot be read: {error.strerror}") from error
        return context
