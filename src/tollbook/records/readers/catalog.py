"""The readers by the name that a mapping has in `records`."""

from collections.abc import Callable

from tollbook.records.readers import JsonReader, Reader
from tollbook.records.readers.asterisk import AsteriskReader
from tollbook.records.readers.freeswitch import FreeswitchReader
from tollbook.records.readers.kamailio import KamailioReader
from tollbook.records.readers.twilio import TwilioReader

READERS: dict[str, Callable[[], Reader]] = {
    "csv": Reader,
    "ndjson": JsonReader,
    "json": JsonReader,
    "asterisk": AsteriskReader,
    "freeswitch-json": FreeswitchReader,
    "kamailio": KamailioReader,
    "twilio": TwilioReader,
}
