"""Text that strangers' code had a hand in."""

from __future__ import annotations

import re

# What a terminal would take for commands, what no database stores, and what turns the letters after it round.
_UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")
_PIECE_CHARS = 64 << 10  # no other thread has its turn while one piece is looked at


def clean(text: str) -> str:
    """The text for people to read: lines and tabs stay, each other letter that is a command is replaced."""
    pieces = (text[at : at + _PIECE_CHARS] for at in range(0, len(text), _PIECE_CHARS))
    return "".join(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", piece) for piece in pieces)
