"""Text that strangers' code had a hand in."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")


def clean(text: str) -> str:
    """Without what a terminal would take for commands, and what no database stores."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
