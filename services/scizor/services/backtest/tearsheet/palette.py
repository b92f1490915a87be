"""The colours by what they are for: one set for light and one for dark, for the page, the charts and the picture alike.

Texts have a contrast of at least 4.5 to their paper, lines of 3. Gain and loss also differ in lightness and have signs,
so that nobody needs to tell green from red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours: of texts, lesser texts, lines of a grid, the account, its benchmark, gains, losses and the paper."""

    text: str
    faint: str
    grid: str
    account: str
    benchmark: str
    gain: str
    loss: str
    paper: str
    panel: str


LIGHT: Final = Ink(
    text="#18212f",
    faint="#566173",
    grid="#dde3ea",
    account="#1d5fd1",
    benchmark="#b4690e",
    gain="#0b7a5c",
    loss="#c0322b",
    paper="#ffffff",
    panel="#f4f6f9",
)
DARK: Final = Ink(
    text="#e8edf4",
    faint="#a3afbf",
    grid="#2c3644",
    account="#71a7ff",
    benchmark="#f2b05e",
    gain="#45cfa6",
    loss="#ff8b80",
    paper="#10151c",
    panel="#19212b",
)

# Colours that a chart is drawn in only to be found again: each becomes the page's own.
STAND_INS: Final = Ink(*(f"#fe{number:02x}ed" for number in range(1, 10)))


def variables(ink: Ink) -> str:
    """The colours as CSS declares them."""
    return "".join(f"--{name}:{colour};" for name, colour in asdict(ink).items())


def references() -> Mapping[str, str]:
    """What each stand-in becomes in CSS."""
    return {colour: f"var(--{name})" for name, colour in asdict(STAND_INS).items()}
