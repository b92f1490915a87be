"""What may be said of a backtest on the command line: as light as `entry`, for a file's run begins its work first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import typer

from scizor.client.cli.parse import Adjust, Length, Size
from scizor.domain.currencies import known_currency
from scizor.domain.errors import InvalidInput


class Account(StrEnum):
    """What the account may borrow."""

    CASH = "cash"
    UNLEVERED = "unlevered"
    MARGIN = "margin"


class Timing(StrEnum):
    """When market orders fill."""

    NEXT_OPEN = "next_open"
    NEXT_CLOSE = "next_close"
    SAME_CLOSE = "same_close"


class Way(StrEnum):
    """Which way prices went within bars."""

    WORST_CASE = "worst_case"
    BEST_CASE = "best_case"
    OHLC = "ohlc"
    OLHC = "olhc"
    NEAREST_EXTREME = "nearest_extreme"


class LimitWord(StrEnum):
    """Whether limits fill that are only touched."""

    TOUCH = "touch"
    THROUGH = "through"


@dataclass(frozen=True, slots=True)
class Asked:
    """A backtest as the command line asks for it; words are still words."""

    strategy: str
    symbols: Sequence[str]
    start: str = ""
    end: str = ""
    capital: str = "100000"
    currency: str = "USD"
    parameters: Mapping[str, int | float | str | bool] = field(default_factory=dict)
    commission_bps: float = 0.0
    commission: str = ""
    slippage_bps: float = 0.0
    slippage: str = ""
    sizing: Size = Size.AT_DECISION
    adjustment: Adjust = Adjust.SPLIT
    interval: Length = Length.DAY_1
    account: Account = Account.UNLEVERED
    fill_timing: Timing = Timing.NEXT_OPEN
    path: Way = Way.WORST_CASE
    limit_fills: LimitWord = LimitWord.TOUCH
    max_participation: float = 0.0
    cash_buffer: float = 0.0
    financing: bool = True
    benchmark: str = ""
    title: str = ""
    keep_open: bool = False


_COMMISSION_HELP = "ib_fixed, ib_tiered, or so much a share and at least so much an order, such as 0.005:1."
_SLIPPAGE_HELP = "half_spread:AMOUNT a share, or volume_share:IMPACT."


def _some_symbols(words: list[str] | None) -> list[str] | None:
    # Words without a symbol in them are a mistake; no words at all may mean all there are.
    if words and not any(word.strip(" ,") for word in words):
        raise typer.BadParameter("give at least one symbol, such as AAPL")
    return words


def _currency(text: str) -> str:
    try:
        return known_currency("currency", text)
    except InvalidInput as error:
        raise typer.BadParameter(error.violations[0].description) from None


Symbols = Annotated[
    list[str] | None,
    typer.Option(help="Symbols with commas between; they share one account.", callback=_some_symbols),
]
Capital = Annotated[str, typer.Option(help="Cash at the start.")]
Currency = Annotated[str, typer.Option(help="Currency of the cash and of every symbol.", callback=_currency)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the strategy.", show_default="its own"),
]
CommissionBps = Annotated[float, typer.Option(help="Commission of every fill, in basis points.")]
Commission = Annotated[str, typer.Option(help=_COMMISSION_HELP, show_default="none")]
SlippageBps = Annotated[float, typer.Option(help="By how much a fill is worse than its price, in basis points.")]
Slippage = Annotated[str, typer.Option(help=_SLIPPAGE_HELP, show_default="none")]
Sizing = Annotated[Size, typer.Option(help="When share counts are fixed.")]
Adjustment = Annotated[Adjust, typer.Option(help="The prices it sees and fills at.")]
Interval = Annotated[Length, typer.Option(help="How long a bar lasts.")]
AccountKind = Annotated[Account, typer.Option(help="What the account may borrow.")]
FillTiming = Annotated[Timing, typer.Option(help="When market orders fill.")]
PathWay = Annotated[Way, typer.Option("--path", help="Which way prices went within bars.")]
LimitFills = Annotated[LimitWord, typer.Option(help="Whether limits fill that are only touched.")]
MaxParticipation = Annotated[
    float, typer.Option(help="The fraction of a bar's volume that fills may take.", show_default="no bound")
]
CashBuffer = Annotated[float, typer.Option(help="The fraction of equity that orders by weight leave alone.")]
Financed = Annotated[bool, typer.Option("--financing/--no-financing", help="Reckon interest and borrow fees.")]
Benchmark = Annotated[str, typer.Option(help="The symbol it is held against.", show_default="none")]
Title = Annotated[str, typer.Option(help="A name to find it by.")]
KeepOpen = Annotated[bool, typer.Option("--keep-open", help="Leave positions open at the last bar.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for it and show what it came to.")]
Plot = Annotated[bool, typer.Option("--plot", help="Also the drawdowns, the trades and what it is held against.")]
BarsFile = Annotated[
    str, typer.Option("--bars", metavar="FILE", help="Bars of a CSV or Parquet file, without any service.")
]
Deadline = Annotated[float, typer.Option(min=0.1, help="End a file's strategy that takes longer, in seconds.")]
