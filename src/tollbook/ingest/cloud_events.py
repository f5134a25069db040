"""Translate a CloudEvent 1.0 into the fields of an event, with all of its problems.

The rules are those of CloudEvents 1.0.2 and its JSON format; docs/cloudevents.md has the table.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from tollbook.domain.catalog import Catalog
from tollbook.domain.cloud_events import CloudOrigin, build_id
from tollbook.domain.errors import Problem
from tollbook.domain.event_types import EventTypes
from tollbook.domain.events import LONGEST_ID
from tollbook.ingest.problems import REQUIRED, Fields, fields_of, problems_of, text_in

SPECVERSION = "specversion"
_NULL = b"null"
_DATA_FIELDS = ("quantity", "resource_id", "attributes", "cost", "cost_pending")
_FIELDS_OF_DATA = ("organization_id", "user_id", "time", *_DATA_FIELDS)
_NAME = re.compile("[a-z0-9]+")
_INTEGER = re.compile(rb"-?[0-9]+")
_raw = msgspec.json.Decoder(msgspec.Raw)
_Failures = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Translation(NamedTuple):
    """A CloudEvent as the fields of an event, where they are from, and its problems."""

    fields: Fields
    origin: CloudOrigin
    problems: list[Problem]


def translate(
    members: Fields, event_types: EventTypes, problems: Sequence[Problem] = ()
) -> Translation:
    """Return the fields of an event from the members of a CloudEvent, each as it was written.

    `problems` are those that were found when the members were read.
    """
    return _Translator(members, event_types, problems).translate()


def is_json(content_type: str) -> bool:
    """Return whether a media type is JSON, as the JSON format of CloudEvents defines it."""
    subtype = content_type.partition(";")[0].strip().lower().partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def problems_of_translation(it: Translation, catalog: Catalog) -> list[Problem]:
    """Return all problems of a CloudEvent, with the sender's names."""
    known = {problem.field for problem in it.problems}
    is_unread = not known.isdisjoint(("data", "data_base64"))
    found = list(it.problems)
    for problem in problems_of(it.fields, catalog):
        if problem.code == "missing_field" and problem.field in REQUIRED:
            continue  # the translation has reported it under the sender's name
        renamed = _rename(problem, it.origin)
        if is_unread and renamed.field.startswith("data."):
            continue  # the data could not be read, so nothing is known of its fields
        if renamed.field not in known:
            found.append(renamed)
    return found


def rename_problems(problems: Iterable[Problem], origin: CloudOrigin | None) -> tuple[Problem, ...]:
    """Return problems with the sender's names of their fields; without an origin, as they are."""
    return tuple(problems) if origin is None else tuple(_rename(it, origin) for it in problems)


def _rename(problem: Problem, origin: CloudOrigin) -> Problem:
    names = origin.names
    field, dot, rest = problem.field.partition(".")
    if field not in names or names[field] == field:
        return problem
    new = f"{names[field]}{dot}{rest}"
    error = problem.error
    if error.startswith(f"{problem.field} "):
        error = new + error[len(problem.field) :]
    return Problem(new, problem.code, error)


class _Translator:
    """The members of one CloudEvent on their way to fields."""

    def __init__(
        self, members: Fields, event_types: EventTypes, problems: Sequence[Problem]
    ) -> None:
        self._members = {name: value for name, value in members.items() if value != _NULL}
        self._event_types = event_types
        self._fields: Fields = {}
        self._names: dict[str, str] = {name: f"data.{name}" for name in _DATA_FIELDS}
        self._problems: list[Problem] = list(problems)

    def translate(self) -> Translation:
        self._read_version()
        self._read_id()
        self._read_type()
        data = self._data()
        self._read_organization(data)
        self._read_time(data)
        self._read_user(data)
        for name in _DATA_FIELDS:
            if name in data:
                self._fields[name] = data[name]
        self._problems.extend(self._problems_of_extensions())
        return Translation(self._fields, self._origin(), self._problems)

    def _origin(self) -> CloudOrigin:
        name = text_in(self._members.get("type", _NULL))
        return CloudOrigin(self._names, name if name in self._event_types else None)

    def _add(self, field: str, code: str, sentence: str) -> None:
        self._problems.append(Problem(field, code, sentence))

    def _text(self, name: str) -> str | None:
        """Return a required attribute as text; None with its problem added."""
        if name not in self._members:
            self._add(name, "missing_field", f"{name} is required")
            return None
        text = text_in(self._members[name])
        if text is None:
            self._add(name, "not_a_string", f"{name} must be a string")
        elif not text:
            self._add(name, "empty", f"{name} must not be empty")
        return text or None

    def _read_version(self) -> None:
        version = self._text(SPECVERSION)
        if version not in (None, "1.0"):
            self._add(SPECVERSION, "unsupported_specversion", "specversion must be 1.0")

    def _read_id(self) -> None:
        source, identity = self._text("source"), self._text("id")
        if source is None or identity is None:
            return
        built = build_id(source, identity)
        if len(built) > LONGEST_ID:
            sentence = f"the id that is built from source and id has over {LONGEST_ID} characters"
            self._add("id", "too_long", sentence)
        else:
            self._fields["id"] = msgspec.json.encode(built)

    def _read_type(self) -> None:
        name = self._text("type")
        if name is not None:
            self._fields["type"] = msgspec.json.encode(self._event_types.get(name, name))

    def _read_organization(self, data: Fields) -> None:
        in_data = data.get("organization_id", _NULL)
        extension = self._extension("organizationid")
        if extension is None:
            self._names["organization_id"] = "data.organization_id"
            if in_data != _NULL:
                self._fields["organization_id"] = in_data
            elif "organizationid" not in self._members:
                self._names["organization_id"] = "organizationid"
                sentence = "organizationid or data.organization_id is required"
                self._add("organizationid", "missing_field", sentence)
            return
        self._names["organization_id"] = "organizationid"
        self._fields["organization_id"] = msgspec.json.encode(extension)
        if in_data != _NULL and text_in(in_data) != extension:
            sentence = "data.organization_id must be the same as organizationid"
            self._add("data.organization_id", "organization_mismatch", sentence)

    def _read_time(self, data: Fields) -> None:
        stated = data.get("time", _NULL)
        self._names["time"] = "time" if stated == _NULL else "data.time"
        if stated != _NULL:
            self._fields["time"] = stated
        elif "time" in self._members:
            self._fields["time"] = self._members["time"]
        else:
            self._add("time", "missing_field", "time or data.time is required")

    def _read_user(self, data: Fields) -> None:
        in_data, subject = data.get("user_id", _NULL), self._members.get("subject", _NULL)
        self._names["user_id"] = "subject"
        if subject != _NULL:
            self._fields["user_id"] = subject
            if in_data != _NULL and text_in(in_data) != text_in(subject):
                sentence = "data.user_id must be the same as subject"
                self._add("data.user_id", "user_mismatch", sentence)
        elif in_data != _NULL:
            self._names["user_id"] = "data.user_id"
            self._fields["user_id"] = in_data

    def _extension(self, name: str) -> str | None:
        """Return an extension as text: binary mode cannot tell an integer from its text."""
        value = self._members.get(name)
        if value is None:
            return None
        if value in (b"true", b"false") or _INTEGER.fullmatch(value):
            return value.decode()
        text = text_in(value)
        if text is None:
            self._add(name, "not_a_string", f"{name} must be a string or an integer")
        return text

    def _data(self) -> Fields:
        """Return the members of the data; empty without data, or with a problem added."""
        raw = self._raw_data()
        if raw is None:
            return {}
        try:
            data = fields_of(raw)
        except msgspec.ValidationError:
            self._add("data", "not_an_object", "data must be a JSON object")
            return {}
        known = ", ".join(_FIELDS_OF_DATA)
        for name in data:
            if name not in _FIELDS_OF_DATA:
                sentence = f"unknown field; the fields of data are {known}"
                self._add(f"data.{_shown(name)}", "unknown_field", sentence)
        return data

    def _raw_data(self) -> bytes | None:
        plain, packed = self._members.get("data"), self._members.get("data_base64")
        if plain is None and packed is None:
            return None
        if plain is not None and packed is not None:
            sentence = "data_base64 must be absent when there is data"
            self._add("data_base64", "invalid_data", sentence)
            return plain
        content_type = self._content_type()
        if content_type is None and packed is None:
            return plain
        if content_type is None or not is_json(content_type):
            field = "data" if packed is None else "data_base64"
            sentence = f"{field} must be JSON, and datacontenttype must say so: application/json"
            self._add(field, "data_not_json", sentence)
            return None
        return plain if packed is None else self._unpacked(packed)

    def _content_type(self) -> str | None:
        value = self._members.get("datacontenttype")
        text = None if value is None else text_in(value)
        if value is not None and text is None:
            self._add("datacontenttype", "not_a_string", "datacontenttype must be a string")
        return text

    def _unpacked(self, packed: bytes) -> bytes | None:
        try:
            content = base64.b64decode(text_in(packed) or "?", validate=True)
        except (binascii.Error, ValueError):
            self._add("data_base64", "invalid_data", "data_base64 must be Base64")
            return None
        try:
            content.decode()
            return bytes(_raw.decode(content)) if content.strip() else None
        except _Failures:
            self._add("data_base64", "data_not_json", "data_base64 must contain JSON")
            return None

    def _problems_of_extensions(self) -> Iterator[Problem]:
        for name in self._members:
            if not _NAME.fullmatch(name) and name != "data_base64":
                sentence = "a name in a CloudEvent must have lower-case letters and digits only"
                yield Problem(_shown(name), "invalid_name", sentence)
        if "sampledrate" in self._members and self._extension("sampledrate") != "1":
            sentence = "sampledrate must be 1 or absent: each event is charged once"
            yield Problem("sampledrate", "sampled", sentence)
        has_data = "data" in self._members or "data_base64" in self._members
        if "dataref" in self._members and not has_data:
            sentence = "dataref must come with its data: nothing is fetched from elsewhere"
            yield Problem("dataref", "data_elsewhere", sentence)


def _shown(name: str) -> str:
    return "".join(it if it.isprintable() else "?" for it in name)[:64]
