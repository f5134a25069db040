"""Draw the chart of a report: the cost of each day, as a PNG image."""

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tollbook.domain.report_texts import money

_WIDTH, _HEIGHT = 640, 240
_LEFT, _TOP, _BOTTOM = 12, 34, 32
"""Sizes and margins in pixels; the margin on the right is that on the left."""
_WHITE, _BAR, _LINE, _TEXT = "#ffffff", "#2f5fd0", "#8a8f98", "#1d2430"
_FONT_SIZE = 13


def chart_png(data: Mapping[str, Any]) -> bytes:
    """Return the chart of a report's data; days with a negative cost have no bar."""
    days = data["days"]
    costs = [max(Decimal(0), Decimal(it["cost"])) for it in days]
    highest = max(costs)
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _WHITE)
    draw = ImageDraw.Draw(image)
    ground = _HEIGHT - _BOTTOM
    step = (_WIDTH - 2 * _LEFT) / len(costs)
    for place, cost in enumerate(costs):
        height = round(float(cost / highest) * (ground - _TOP)) if highest else 0
        left = _LEFT + place * step
        if height:
            draw.rectangle((left + 1, ground - height, left + step - 2, ground), fill=_BAR)
    draw.line((_LEFT, ground, _WIDTH - _LEFT, ground), fill=_LINE)
    font = ImageFont.load_default(_FONT_SIZE)
    top = f"Cost of each day, highest {money(highest)} {data['currency']}"
    draw.text((_LEFT, 10), top, fill=_TEXT, font=font)
    draw.text((_LEFT, ground + 8), days[0]["day"], fill=_TEXT, font=font)
    last = (_WIDTH - _LEFT, ground + 8)
    draw.text(last, days[-1]["day"], fill=_TEXT, font=font, anchor="ra")
    written = io.BytesIO()
    image.quantize(16).save(written, "PNG", optimize=True)
    return written.getvalue()
