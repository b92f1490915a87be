"""How anything is shown to people: tables, facts, words."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.timestamp_pb2 import Timestamp
from rich import box
from rich.console import Console, JustifyMethod
from rich.measure import Measurement
from rich.table import Table

PLAIN_WIDTH = 120
_NO_TEXT = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Text of anybody's without what a terminal takes for commands, or shows in another order than it stands."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def console() -> Console:
    """Standard output; where that is no terminal, plain and PLAIN_WIDTH wide."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def show(*what: Any) -> None:
    """Print tables, texts and lines of text, in this order."""
    output = console()
    for one in what:
        room = Measurement.get(output, output.options, one).minimum if isinstance(one, Table) else 0
        # A table that needs more than the terminal has is printed whole all the same: a cut figure is a wrong one.
        width = max(room, output.width)
        told = harmless(one) if isinstance(one, str) else one
        output.print(told, soft_wrap=isinstance(one, str), width=width, crop=False)


def word(enum: Any, value: int) -> str:
    """An enum's value as a word: `BACKTEST_STATE_RUNNING` is `running`."""
    names: EnumTypeWrapper = enum
    prefix = str(names.Name(0)).removesuffix("UNSPECIFIED")
    return str(names.Name(value)).removeprefix(prefix).lower() if value else ""


def instant(stamp: Timestamp) -> str:
    """When something was, UTC; empty for a stamp that was never set."""
    return f"{stamp.ToDatetime():%Y-%m-%d %H:%M:%S}Z" if stamp.seconds else ""


def minute(stamp: Timestamp) -> str:
    """When something was, UTC, as short as a column needs it."""
    return f"{stamp.ToDatetime():%Y-%m-%d %H:%M}" if stamp.seconds else ""


def counted(number: int, what: str) -> str:
    """A number of things, such as `1 request` or `1,200 requests`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def span(seconds: float) -> str:
    """A length of time in its two largest units, such as `3m 05s`; none is below zero."""
    whole = max(0, int(seconds))
    minutes, hours = divmod(whole, 60), divmod(whole // 60, 60)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{minutes[0]}m {minutes[1]:02d}s"
    if whole < 86_400:
        return f"{hours[0]}h {hours[1]:02d}m"
    days, left = divmod(hours[0], 24)
    return f"{days}d {left}h"


def price(value: float) -> str:
    """A price with two decimals, or up to four where they say something."""
    exact = f"{value:,.4f}"
    return exact[:-2] if exact.endswith("00") else exact.rstrip("0")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table; a column whose name begins with `>` is set flush right, one with `~` is wrapped where room is short."""
    made = Table(title=harmless(title), title_justify="left", box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False)
    for column in columns:
        justify: JustifyMethod = "right" if column.startswith(">") else "left"
        name, wraps = column.lstrip(">~"), column.startswith("~")
        least = len(name) if wraps else None  # where room is short, a column may become narrow but must not vanish
        made.add_column(name, justify=justify, no_wrap=not wraps, overflow="fold", min_width=least)
    for row in rows:
        made.add_row(*map(harmless, row))
    return made


def facts(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values; what has no value is left out."""
    made = Table(
        title=harmless(title), title_justify="left", box=None, show_header=False, title_style="bold", pad_edge=False
    )
    for name, value in rows:
        if value:
            made.add_row(name, harmless(value))
    return made
