"""The readers by the name that a mapping has in `records`."""

from collections.abc import Callable

from tollbook.records.readers import JsonReader, Reader
from tollbook.records.readers.asterisk import AsteriskReader
from tollbook.records.readers.bandwidth import BandwidthReader
from tollbook.records.readers.cucm import CucmReader
from tollbook.records.readers.freeswitch import FreeswitchReader
from tollbook.records.readers.kamailio import KamailioReader
from tollbook.records.readers.kannel import KannelReader
from tollbook.records.readers.plivo import PlivoReader
from tollbook.records.readers.telnyx import TelnyxReader
from tollbook.records.readers.threecx import ThreecxReader
from tollbook.records.readers.twilio import TwilioReader

READERS: dict[str, Callable[[], Reader]] = {
    "csv": Reader,
    "ndjson": JsonReader,
    "json": JsonReader,
    "asterisk": AsteriskReader,
    "freeswitch-json": FreeswitchReader,
    "kamailio": KamailioReader,
    "twilio": TwilioReader,
    "telnyx": TelnyxReader,
    "plivo": PlivoReader,
    "cucm": CucmReader,
    "3cx": ThreecxReader,
    "kannel": KannelReader,
    "bandwidth": BandwidthReader,
}
