"""Errors of changes to endpoints and reports, tests and resends."""

from tollbook.domain.errors import RequestError


class TooManyEndpoints(RequestError):
    """The tenant or the organization has as many endpoints as it may have."""

    status = 409
    code = "too_many_endpoints"


class MailNotConfigured(RequestError):
    """The server has no mail server or sender."""

    status = 409
    code = "mail_not_configured"


class EndpointDisabled(RequestError):
    """Nothing is sent to the endpoint until it is enabled."""

    status = 409
    code = "endpoint_disabled"


class TooManyReports(RequestError):
    """The tenant has as many reports as it may have."""

    status = 409
    code = "too_many_reports"


class SecretKeyMissing(RequestError):
    """Viewer tokens and endpoints need a secret that is not set on this server."""

    status = 501
    code = "secret_key_missing"
