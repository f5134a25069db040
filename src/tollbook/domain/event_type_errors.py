"""Errors of changes to the mapped types of CloudEvents."""

from tollbook.domain.errors import DirectoryChanged, RequestError


class MappedTypesChanged(DirectoryChanged):
    """A type of CloudEvents was mapped otherwise meanwhile; nothing was stored."""


class NameTaken(RequestError):
    """The name is that of a meter, or of a mapped type, which a meter may not have."""

    status = 409
    code = "name_taken"


class TypeMapped(RequestError):
    """The type is mapped to another meter; it must be removed first."""

    status = 409
    code = "type_mapped"


class TooManyEventTypes(RequestError):
    """The tenant has as many mapped types as it may have."""

    status = 409
    code = "too_many_event_types"
