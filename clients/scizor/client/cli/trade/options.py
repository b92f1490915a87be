"""What may be said to the commands of trading, and the words turned into what the client takes."""

from __future__ import annotations

import re
import sys
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from scizor.client.cli.usage import EXIT_FAILED, EXIT_USAGE, CommandFailed
from scizor.domain.orders import OrderType, TimeInForce

AN_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CASH = re.compile(r"([0-9][0-9,_]*(?:\.[0-9]+)?) ?([A-Za-z]{3})")


class Tif(StrEnum):
    """How long an order lives."""

    DAY = "day"
    GTC = "gtc"
    GTD = "gtd"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


Account = Annotated[str, typer.Option(help="The account, where the connection has several.", show_default="the one")]
Symbol = Annotated[str, typer.Option(help="Only this symbol.", show_default="all")]
Strategy = Annotated[str, typer.Option(help="Only this strategy's.", show_default="all")]
Most = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]
Since = Annotated[str, typer.Option(help="Only from then on, such as 2026-11-20T14:30Z.", show_default="all")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Reason = Annotated[str, typer.Option(help="Why, for the audit.")]
OrderName = Annotated[str, typer.Argument(metavar="ID", help="The order's id, or the client id it was placed with.")]
Quantity = Annotated[str, typer.Argument(metavar="QTY", help="Shares.")]
Limit = Annotated[str, typer.Option("--limit", metavar="PRICE", help="The worst price.", show_default=False)]
Stop = Annotated[str, typer.Option("--stop", metavar="PRICE", help="The price that triggers it.", show_default=False)]
Touch = Annotated[
    str, typer.Option("--touch", metavar="PRICE", help="The better price that triggers it.", show_default=False)
]
Trail = Annotated[
    str, typer.Option("--trail", metavar="AMOUNT", help="Trigger so far behind the best price.", show_default=False)
]
TrailPercent = Annotated[
    str, typer.Option("--trail-percent", metavar="PERCENT", help="The same in per cent of it.", show_default=False)
]
TifWord = Annotated[Tif | None, typer.Option("--tif", help="How long it lives.", show_default="day")]
GoodTill = Annotated[
    str, typer.Option(metavar="INSTANT", help="It lives until then, such as 2026-12-31T21:00Z.", show_default=False)
]
Outside = Annotated[bool, typer.Option("--outside-hours", help="Fill outside regular hours too.")]
TakeProfit = Annotated[
    str, typer.Option(metavar="PRICE", help="Once filled, take the profit at this limit.", show_default=False)
]
StopLoss = Annotated[
    str, typer.Option(metavar="PRICE", help="Once filled, stop the loss at this price.", show_default=False)
]
Oco = Annotated[str, typer.Option("--oco", metavar="GROUP", help="Orders of one group cancel each other.")]
ClientId = Annotated[
    str, typer.Option(help="Your own name for it: an order of one name is placed once.", show_default="a new one")
]


def terms(
    *, limit: str, stop: str, touch: str, trail: str, trail_percent: str, tif: Tif | None, good_till: str
) -> dict[str, Any]:
    """An order's terms as the client's methods take them, those left out that were not given."""
    if stop and touch:
        raise CommandFailed("--stop triggers at a worse price, --touch at a better one: give one of them", EXIT_USAGE)
    given = {
        "limit_price": limit,
        "stop_price": stop or touch,
        "trail_amount": trail,
        "trail_fraction": _fraction(trail_percent) if trail_percent else "",
        "good_till_time": good_till,
        "time_in_force": TimeInForce[tif.name] if tif else None,
    }
    return {name: value for name, value in given.items() if value}


def touched(*, limit: str, touch: str) -> dict[str, OrderType]:
    """The type of a touched order, which its prices alone do not tell from that of a stop."""
    if not touch:
        return {}
    return {"type": OrderType.LIMIT_IF_TOUCHED if limit else OrderType.MARKET_IF_TOUCHED}


def cash(text: str, option: str) -> tuple[str, str]:
    """An amount and its currency, of a word such as 10000USD."""
    match = _CASH.fullmatch(text.strip())
    if match is None:
        raise CommandFailed(f"{option} takes an amount with its currency, such as 10000USD, not {text!r}", EXIT_USAGE)
    return match[1].replace(",", "").replace("_", ""), match[2].upper()


def is_id(word: str) -> bool:
    """Whether it is an id that the server gave, and no name of somebody's."""
    return _ID.fullmatch(word) is not None


def confirm(what: str, *, yes: bool) -> None:
    """Ask before something that costs money. Raises CommandFailed where the answer is no, or nobody is there to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(f"{what}: nobody is there to be asked, say --yes", EXIT_USAGE)
    if not typer.confirm(f"{what}?", err=True):
        raise CommandFailed("nothing was done", EXIT_FAILED)


def _fraction(percent: str) -> Decimal:
    try:
        return Decimal(percent.removesuffix("%")) / 100
    except InvalidOperation:
        raise CommandFailed(f"--trail-percent takes a number such as 5, not {percent!r}", EXIT_USAGE) from None
