"""What a rate of a YAML book costs: price, calls, tiers, fees, what it is bought for, markup."""

import msgspec
import yaml

from tollbook.domain.charges import RESERVED_LINES
from tollbook.domain.exact import MICROS, MOST_QUANTITY
from tollbook.domain.meters import Meter
from tollbook.domain.prices import Basis, CallTerms, Fee, Pricing, Tier, TierMode
from tollbook.rating.books import vocabulary
from tollbook.rating.books.yaml_nodes import Fields, Nodes, joined

_CALLS = ("minimum", "increments", "grace", "connect_fee", "maximum_cost")
_TIERS = ("graduated", "volume")
_PRICES = ("price", *_TIERS)
_BESIDE = ("per", *_CALLS, "package", "over", "tier_group", "proration", "fees", "buy")
FIELDS = (*_PRICES, *_BESIDE, "markup")
_BUY_FIELDS = ("price", "per", "minimum", "increments", "grace", "connect_fee")
_FEE_FIELDS = ("name", "price", "per", "percent")
_TIER_FIELDS = ("up_to", "price")
_NOT_TOGETHER = (
    *(("price", tiers) for tiers in _TIERS),
    _TIERS,
    *((name, tiers) for name in ("package", "maximum_cost", "proration") for tiers in _TIERS),
    *((name, "over") for name in ("maximum_cost", "proration")),
    *(("markup", month) for month in (*_TIERS, "over")),
)
_NEEDS = (
    *((name, _PRICES) for name in _BESIDE),
    ("over", ("package",)),
    ("tier_group", (*_TIERS, "over")),
    *((price, ("per",)) for price in _PRICES),
)
_UNIT_OF = {**dict.fromkeys(_CALLS, "second"), "proration": "month"}
_MOST_BLOCK = int(MOST_QUANTITY) * MICROS
_MOST_TIERS = 1_000
_MOST_FEES = 100
_NO_PER = vocabulary.Per(MICROS, Basis.UNIT, MICROS)


class PricingReader:
    """Reads the pricing of one rate; what is wrong goes to the problems of the document."""

    def __init__(self, nodes: Nodes, node: yaml.Node, path: str, meter: Meter | None) -> None:
        self._nodes = nodes
        self._node = node
        self._path = path
        self._meter = meter

    def pricing(self, fields: Fields, group: str) -> Pricing:
        """Read it; `group` is the tier group of a rate that names none, empty when it must."""
        self._check_fields(fields)
        path, value = self._path, self._nodes.value
        per = self._per(fields, path, _NO_PER)
        mode = TierMode.VOLUME if "volume" in fields else TierMode.GRADUATED
        tiers = self._tiers(fields, mode, per)
        monthly = self._nodes.choice(fields, "over", path, ("event", "month"), "event") == "month"
        prorated = self._nodes.choice(fields, "proration", path, ("none", "daily"), "none")
        pricing = Pricing(
            mode.value if tiers else self._nodes.text(fields, "price", path) or None,
            self._nodes.text(fields, "per", path),
            value(fields, "price", path, vocabulary.price, 0),
            per.micros,
            per.basis,
            calls=self._calls(fields, path, per),
            package=self._package(fields, per),
            monthly=monthly,
            tiers=tiers,
            tier_mode=mode,
            tier_group=self._group(fields, group) if tiers or monthly else None,
            prorated=prorated == "daily",
            fees=self._fees(fields.get("fees")),
            markup=value(fields, "markup", path, vocabulary.share, None),
        )
        buy = fields.get("buy")
        return msgspec.structs.replace(pricing, buy=self._buy(buy, pricing)) if buy else pricing

    def _check_fields(self, fields: Fields) -> None:
        """Say which fields are missing, cannot be together, or are for other meters."""
        if not any(name in fields for name in (*_PRICES, "markup")):
            self._say(self._node, "price", "missing_field", "price is missing")
            if "per" not in fields:
                self._say(self._node, "per", "missing_field", "per is missing")
        for one, other in _NOT_TOGETHER:
            if one in fields and other in fields:
                sentence = f"{one} and {other} cannot be in one rate"
                self._say(fields[other], other, "not_together", sentence)
        for name, needed in _NEEDS:
            if name in fields and not any(it in fields for it in needed):
                if needed == ("per",):
                    self._say(self._node, "per", "missing_field", "per is missing")
                elif not (needed == _PRICES and "markup" not in fields):
                    sentence = f"{name} needs {' or '.join(needed)} beside it"
                    self._say(fields[name], name, "missing_field", sentence)
        for name, unit in _UNIT_OF.items():
            if self._meter and name in fields and self._meter.unit != unit:
                sentence = f"{name} is for meters in {unit}s, not for {self._meter.type}"
                self._say(fields[name], name, "not_for_meter", sentence)

    def _per(self, fields: Fields, path: str, otherwise: vocabulary.Per) -> vocabulary.Per:
        meter = self._meter
        if meter is None:
            # What a price may be for is the meter's to say; that error is said already.
            return otherwise
        return self._nodes.value(
            fields, "per", path, lambda text: vocabulary.per(text, meter), otherwise
        )

    def _calls(self, fields: Fields, path: str, per: vocabulary.Per) -> CallTerms | None:
        """Read the terms of a call; None when seconds are billed as they are, and nothing else."""
        if self._meter is None or self._meter.unit != "second":
            return None
        value = self._nodes.value
        first, following = value(fields, "increments", path, vocabulary.increments, (0, 0))
        connect_fee = value(fields, "connect_fee", path, vocabulary.price, 0)
        most = value(fields, "maximum_cost", path, vocabulary.price, None)
        if most is not None and most < connect_fee:
            sentence = "maximum_cost must not be below connect_fee"
            self._say(fields["maximum_cost"], "maximum_cost", "invalid_maximum_cost", sentence)
        terms = CallTerms(
            value(fields, "minimum", path, vocabulary.seconds, 0),
            first,
            following,
            value(fields, "grace", path, vocabulary.seconds, 0),
            connect_fee,
            most,
        )
        ordinary = terms == CallTerms() and per.basis is Basis.UNIT and "fees" not in fields
        return None if ordinary else terms

    def _package(self, fields: Fields, per: vocabulary.Per) -> int:
        """Read the size of a block in micros; media always come in blocks of a price."""
        if "package" not in fields:
            return per.micros if per.basis is Basis.MEDIA else 0
        number = self._nodes.value(fields, "package", self._path, vocabulary.quantity, MICROS)
        if per.basis is not Basis.UNIT:
            sentence = "package is for units, not for a price by message, call or media size"
            self._say(fields["package"], "package", "invalid_package", sentence)
        block = number * per.micros // MICROS
        if not 0 < block <= _MOST_BLOCK:
            sentence = f"package must not be more than {MOST_QUANTITY} units"
            self._say(fields["package"], "package", "invalid_package", sentence)
        return block

    def _tiers(self, fields: Fields, mode: TierMode, per: vocabulary.Per) -> tuple[Tier, ...]:
        node = fields.get(mode.value)
        if node is None:
            return ()
        path = joined(self._path, mode.value)
        items = self._nodes.items(node, path, f"{mode.value} must be a list of tiers", _MOST_TIERS)
        tiers: list[Tier] = []
        for item, where in items:
            read = self._nodes.mapping(
                item, where, "a tier is a mapping of up_to and price", _TIER_FIELDS, ("price",)
            )
            if read is None:
                continue
            up_to = self._nodes.value(read, "up_to", where, vocabulary.quantity, 0)
            picos = self._nodes.value(read, "price", where, vocabulary.price, 0)
            text = self._nodes.text(read, "price", where)
            tier = Tier(up_to * per.unit // MICROS if up_to else None, text, picos)
            self._check_tier(item, where, tiers, tier, "up_to" not in read, item is items[-1][0])
            tiers.append(tier)
        return tuple(tiers)

    def _check_tier(
        self, node: yaml.Node, path: str, before: list[Tier], tier: Tier, open_: bool, last: bool
    ) -> None:
        end = before[-1].up_to if before else 0
        if open_ is not last:
            sentence = "the last tier has no up_to, and every other one has"
            self._nodes.say(node, path, "invalid_tiers", sentence)
        elif tier.up_to is not None and end is not None and tier.up_to <= end:
            sentence = "up_to must be more than that of the tier before"
            self._nodes.say(node, path, "invalid_tiers", sentence)

    def _group(self, fields: Fields, otherwise: str) -> str:
        group = self._nodes.text(fields, "tier_group", self._path) or otherwise
        if not group:
            sentence = "a rate of several prefixes must name the tier_group they count in"
            self._say(self._node, "tier_group", "missing_field", sentence)
        return group

    def _fees(self, node: yaml.Node | None) -> tuple[Fee, ...]:
        if node is None:
            return ()
        path = joined(self._path, "fees")
        items = self._nodes.items(node, path, "fees must be a list of fees", _MOST_FEES)
        fees = [self._fee(item, where) for item, where in items]
        names = list(RESERVED_LINES)
        for fee, (item, where) in zip(fees, items, strict=True):
            if fee.name in names:
                sentence = f"a line of a charge is called {fee.name!r} already"
                self._nodes.say(item, where, "repeated_fee", sentence)
            names.append(fee.name)
        return tuple(fees)

    def _fee(self, node: yaml.Node, path: str) -> Fee:
        what = "a fee is a mapping of name, price and per, or of name and percent"
        fields = self._nodes.mapping(node, path, what, _FEE_FIELDS, ("name",))
        if fields is None:
            return Fee("", "")
        if ("percent" in fields) == ("price" in fields) or ("per" in fields) != ("price" in fields):
            self._nodes.say(node, path, "invalid_fee", what)
        per = self._nodes.value(fields, "per", path, self._fee_per, _NO_PER)
        share = self._nodes.value(fields, "percent", path, vocabulary.share, None)
        return Fee(
            self._nodes.text(fields, "name", path),
            self._nodes.text(fields, "price" if share is None else "percent", path),
            self._nodes.text(fields, "per", path),
            self._nodes.value(fields, "price", path, vocabulary.price, 0),
            per.micros,
            per.basis,
            share,
        )

    def _fee_per(self, text: str) -> vocabulary.Per:
        if text == "event":
            return vocabulary.Per(MICROS, Basis.EVENT, MICROS)
        per = vocabulary.per(text, self._meter) if self._meter else _NO_PER
        if per.basis is Basis.MEDIA:
            raise ValueError("must not be a media size: a fee is for units or for the event")
        return per

    def _buy(self, node: yaml.Node, sell: Pricing) -> Pricing:
        """Read what it is bought for; what is not said is as in the sale, but for fees."""
        path = joined(self._path, "buy")
        fields: Fields = {"price": node}
        if isinstance(node, yaml.MappingNode):
            fields = self._nodes.mapping(node, path, "", _BUY_FIELDS, ("price",)) or {}
        per = self._per(fields, path, vocabulary.Per(sell.per_micros, sell.basis, 0))
        calls = sell.calls
        if any(name in fields for name in _CALLS):
            calls = self._calls(fields, path, per)
        elif calls is not None:
            calls = msgspec.structs.replace(calls, connect_fee=0, maximum_cost=None)
        media = per.basis is Basis.MEDIA
        return Pricing(
            self._nodes.text(fields, "price", path),
            self._nodes.text(fields, "per", path) or sell.per,
            self._nodes.value(fields, "price", path, vocabulary.price, 0),
            per.micros,
            per.basis,
            calls=calls,
            package=per.micros if media else 0 if sell.monthly else sell.package,
            prorated=sell.prorated,
        )

    def _say(self, node: yaml.Node, name: str, code: str, sentence: str) -> None:
        self._nodes.say(node, joined(self._path, name), code, sentence)
