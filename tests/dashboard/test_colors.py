"""The colors of kinds of usage are distinct, also for color-blind readers."""

import re
from itertools import combinations
from pathlib import Path

import pytest

import tollbook.dashboard

TOKENS = (Path(tollbook.dashboard.__file__).parent / "styles" / "tokens.css").read_text()
THEMES = ("light", "dark")
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
"""How much of red, green and blue each eye sees, after Machado, Oliveira and Fernandes (2009)."""
LEAST_DIFFERENCE = 0.055
LEAST_OF_NEIGHBORS = 0.12
LEAST_CONTRAST = 2.7

Color = tuple[float, float, float]


def color(name: str, theme: str) -> Color:
    """Read a color as linear light."""
    found = re.search(rf"--{name}: light-dark\(#(\w{{6}}), #(\w{{6}})\)", TOKENS)
    assert found, name
    text = found[1 + THEMES.index(theme)]
    parts = [int(text[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts
    )
    return red, green, blue


def seen(it: Color, eye: str) -> Color:
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, it, strict=True)))) for row in EYES[eye]
    )
    return red, green, blue


def oklab(it: Color) -> Color:
    r, g, b = it
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def difference(one: Color, other: Color) -> float:
    return sum((a - b) ** 2 for a, b in zip(oklab(one), oklab(other), strict=True)) ** 0.5


def contrast(one: Color, other: Color) -> float:
    lights = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_kinds_are_told_apart(theme: str, eye: str) -> None:
    kinds = [seen(color(f"c{number}", theme), eye) for number in range(1, 9)]
    close = [
        (one + 1, other + 1, round(difference(kinds[one], kinds[other]), 3))
        for one, other in combinations(range(8), 2)
        if difference(kinds[one], kinds[other])
        < (LEAST_OF_NEIGHBORS if other - one == 1 else LEAST_DIFFERENCE)
    ]
    assert close == []


@pytest.mark.parametrize("theme", THEMES)
def test_bars_stand_out_from_the_ground(theme: str) -> None:
    ground = color("surface", theme)
    faint = {
        number: round(contrast(color(f"c{number}", theme), ground), 2)
        for number in range(1, 9)
        if contrast(color(f"c{number}", theme), ground) < LEAST_CONTRAST
    }
    assert faint == {}
