"""Ready-made catalogs: meters by the units that the market bills by, added by the catalog's name.

A later release may add meters to a catalog, but never changes one.
"""

from tollbook.domain.meters import Category
from tollbook.domain.own_meters import MeterTerms

_MESSAGING = Category.MESSAGING
_VOICE = Category.VOICE
_REQUESTS = Category.API_REQUEST
_ORGANIZATION = Category.BRAND_REGISTRATION


def _counted(type_: str, unit: str, category: Category, name: str) -> MeterTerms:
    """Return a meter with whole quantities."""
    return MeterTerms(type_, unit, category, name, whole=True)


def _measured(type_: str, unit: str, category: Category, name: str) -> MeterTerms:
    """Return a meter with decimal quantities."""
    return MeterTerms(type_, unit, category, name)


READY_CATALOGS: dict[str, tuple[MeterTerms, ...]] = {
    # Meta bills each template message by its kind and country, the platform each message.
    "whatsapp": (
        _counted("whatsapp.marketing", "message", _MESSAGING, "WhatsApp marketing"),
        _counted("whatsapp.utility", "message", _MESSAGING, "WhatsApp utility"),
        _counted("whatsapp.authentication", "message", _MESSAGING, "WhatsApp authentication"),
        _counted("whatsapp.service", "message", _MESSAGING, "WhatsApp service"),
        _counted("whatsapp.inbound", "message", _MESSAGING, "WhatsApp received"),
    ),
    # A rich segment is the unit of the United States: 160 bytes of UTF-8. A session is 24 hours.
    "rcs": (
        _counted("rcs.basic", "message", _MESSAGING, "RCS basic"),
        _counted("rcs.single", "message", _MESSAGING, "RCS single"),
        _counted("rcs.inbound", "message", _MESSAGING, "RCS received"),
        _counted("rcs.rich", "segment", _MESSAGING, "RCS rich"),
        _counted("rcs.rich_media", "message", _MESSAGING, "RCS rich media"),
        _counted("rcs.conversation", "session", _MESSAGING, "RCS conversations"),
    ),
    # One message for each recipient. The unit of a dedicated IP is not on a public price page.
    "email": (
        _counted("email.outbound", "message", _MESSAGING, "Email sent"),
        _counted("email.inbound", "message", _MESSAGING, "Email received"),
        _counted("email.validation", "request", _REQUESTS, "Email validation"),
        _measured("email.dedicated_ip", "month", Category.PHONE_RENTAL, "Email dedicated IP"),
    ),
    # The SMS or call of a verification stays its own meter.
    "verify": (
        _counted("verify.success", "verification", _MESSAGING, "Verifications"),
        _counted("verify.attempt", "request", _MESSAGING, "Verification attempts"),
    ),
    "lookup": (
        _counted("lookup.carrier", "request", _REQUESTS, "Carrier lookup"),
        _counted("lookup.caller_name", "request", _REQUESTS, "Caller name lookup"),
        _counted("lookup.hlr", "request", _REQUESTS, "HLR lookup"),
    ),
    # Storage is the month's average of minutes.
    "recording": (
        _measured("recording.call", "second", _VOICE, "Call recording"),
        _measured("recording.storage", "minute-month", Category.API_STORAGE, "Recording storage"),
    ),
    # A second of each participant.
    "conference": (_measured("conference.participant", "second", _VOICE, "Conference minutes"),),
    "transcription": (_measured("transcription.audio", "second", _VOICE, "Transcription"),),
    # Agents are priced per minute.
    "ai": (
        _measured("ai.agent", "second", _VOICE, "AI agent minutes"),
        _counted("ai.input_tokens", "token", _REQUESTS, "AI input tokens"),
        _counted("ai.cached_input_tokens", "token", _REQUESTS, "AI cached input tokens"),
        _counted("ai.output_tokens", "token", _REQUESTS, "AI output tokens"),
    ),
    # The call is for carriers that bill the time.
    "fax": (
        _counted("fax.outbound", "page", _MESSAGING, "Fax sent"),
        _counted("fax.inbound", "page", _MESSAGING, "Fax received"),
        _measured("fax.call", "second", _VOICE, "Fax minutes"),
    ),
    "sip_trunk": (
        _measured("sip_trunk.call", "second", _VOICE, "SIP trunk minutes"),
        _measured("sip_trunk.trunk", "month", Category.PHONE_RENTAL, "SIP trunks"),
        _measured("sip_trunk.channel", "month", Category.PHONE_RENTAL, "SIP trunk channels"),
    ),
    # The registration of a brand is built in.
    "campaign_registry": (
        _counted("campaign.registration", "item", _ORGANIZATION, "Campaign registration"),
        _counted("campaign.vetting", "item", _ORGANIZATION, "Campaign vetting"),
        _counted("brand.vetting", "item", _ORGANIZATION, "Brand vetting"),
        _measured("campaign.monthly", "month", _ORGANIZATION, "Campaign monthly"),
    ),
}
"""The meters of each ready-made catalog by its name."""
