"""Errors of the origins that a tenant registers, and of requests from other origins."""

from tollbook.domain.errors import RequestError


class InvalidOrigin(RequestError):
    """The text is not an origin as browsers send it; the message has the right form, if any."""

    code = "invalid_origin"


class TooManyOrigins(RequestError):
    """The tenant has as many origins as it may have."""

    status = 409
    code = "too_many_origins"


class OriginRefused(RequestError):
    """The viewer token is limited to other origins."""

    status = 403
    code = "origin_refused"
