"""The named formats, and mappings that are checked as a whole."""

from zoneinfo import ZoneInfo

import phonenumbers

from tollbook.domain.directory import LOCAL_ZONES
from tollbook.records.mapping import Mapping, QuantityRule, TimeRule
from tollbook.records.mapping_file import preset
from tollbook.records.options import MappingChanges, changed
from tollbook.records.readers import Reader
from tollbook.records.readers.catalog import READERS
from tollbook.records.rows import SourceRefused

CSV = "csv"
PRESETS = (
    *("asterisk", "freeswitch", "freeswitch-json", "kamailio", "twilio", "telnyx", "plivo"),
    *("cucm", "3cx", "kannel", "bandwidth"),
)
FORMATS = (*PRESETS, CSV)
_VOICE = "voice.call"


def mapping_of(format_: str, changes: MappingChanges) -> Mapping:
    """Return the mapping of a format with the changes of options."""
    return checked(csv_mapping(changes) if format_ == CSV else changed(preset(format_), changes))


def csv_mapping(changes: MappingChanges) -> Mapping:
    """Return the mapping of `--format csv`, which consists of options."""
    missing = [it for it in ("id", "time") if it not in changes.columns]
    if missing:
        raise SourceRefused(
            f"--format csv requires --column {missing[0]}=COLUMN"
            + ("; with id=row, rows are identified by their hash" if missing[0] == "id" else "")
        )
    if (changes.type or _VOICE) == _VOICE and "quantity" not in changes.columns:
        raise SourceRefused("--format csv requires --column quantity=COLUMN for calls")
    base = Mapping(id_prefix=CSV, time=TimeRule(()), quantity=QuantityRule(()))
    return changed(base, changes)


def checked(mapping: Mapping) -> Mapping:
    """Return a mapping whose names of readers, zones and countries exist."""
    if mapping.records not in READERS:
        known = ", ".join(READERS)
        raise SourceRefused(f"records must be one of {known}, not {mapping.records}")
    zone = mapping.time.timezone
    if zone is not None and not _is_zone(zone):
        raise SourceRefused(f"the time zone must be an IANA name such as Europe/London, not {zone}")
    country = mapping.numbers.country
    if country is not None and country not in phonenumbers.SUPPORTED_REGIONS:
        raise SourceRefused(f"the country must be an ISO 3166 code such as GB, not {country}")
    if not mapping.id_prefix or ":" in mapping.id_prefix:
        raise SourceRefused("id_prefix must be a name without a colon")
    return mapping


def reader_of(mapping: Mapping) -> Reader:
    """Return the reader of a mapping."""
    return READERS[mapping.records]()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return name not in LOCAL_ZONES
