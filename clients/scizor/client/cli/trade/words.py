"""Exact numbers, money, terms and states, as the tables of trading show them; colours are for terminals alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scizor.client.cli.tables import console, facts, harmless, instant, show, span, table, word
from scizor.client.exact import as_decimal
from scizor.trading.v1 import order_pb2, position_pb2

_GOOD, _BAD, _DOUBTFUL = "green", "red", "yellow"
_COLOURS = {
    "active": _GOOD,
    "open": _GOOD,
    "filled": _GOOD,
    "running": _GOOD,
    "reducing": _DOUBTFUL,
    "paused": _DOUBTFUL,
    "suspended": _DOUBTFUL,
    "unknown": _DOUBTFUL,
    "halted": _BAD,
    "rejected": _BAD,
    "error": _BAD,
}
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_ENDLESS = 10_000


def number(message: DecimalMessage) -> str:
    """A number with all its digits; empty where there is none."""
    return f"{as_decimal(message):,f}" if message.value else ""


def price(message: DecimalMessage) -> str:
    """A price with all its digits, two decimals at least; empty where there is none."""
    if not message.value:
        return ""
    value = as_decimal(message)
    return f"{value:,.2f}" if value == value.quantize(_CENT) else f"{value:,f}"


def average(message: DecimalMessage) -> str:
    """A price that a division made, to four decimals; empty where there is none."""
    return price(DecimalMessage(value=f"{as_decimal(message).quantize(_FINE):f}")) if message.value else ""


def cash(amount: Money) -> str:
    """An amount with its currency, to the cent, or finer where a cent would hide it; empty for one that is absent."""
    if not amount.currency_code:
        return ""
    value = as_decimal(amount)
    cents = value.quantize(_CENT)
    return f"{cents if cents or not value else value.quantize(_FINE):,f} {amount.currency_code}"


def cashes(amounts: Iterable[Money]) -> str:
    """Amounts of several currencies."""
    return ", ".join(map(cash, amounts))


def gain(amount: Money) -> Text:
    """Profit in green, loss in red."""
    value = as_decimal(amount)
    return Text(cash(amount), style=_GOOD if value > 0 else _BAD if value < 0 else "")


def coloured(text: str) -> Text:
    """A state's word in its colour."""
    return Text(text, style=_COLOURS.get(text, ""))


def state_of(order: order_pb2.Order) -> str:
    """Where an order stands and, of one that is held back, why."""
    held = word(order_pb2.OrderHold, order.hold)
    return word(order_pb2.OrderState, order.state) + (f" ({held})" if held else "")


def side_and_quantity(side: int, quantity: DecimalMessage) -> str:
    """Such as `buy 1,000`."""
    return f"{word(order_pb2.OrderSide, side)} {number(quantity)}"


def terms_text(terms: order_pb2.OrderTerms) -> str:
    """How an order meets a price and how long it lives, such as `stop 99.00, limit 98.50, gtc`."""
    touched = terms.type in (order_pb2.ORDER_TYPE_MARKET_IF_TOUCHED, order_pb2.ORDER_TYPE_LIMIT_IF_TOUCHED)
    trail = price(terms.trail_amount) or (f"{as_decimal(terms.trail_fraction):.6%}" if _trails_by_part(terms) else "")
    parts = (
        "market" if terms.type == order_pb2.ORDER_TYPE_MARKET else "",
        f"trail {_short(trail)}" if trail else "",
        f"{'touch' if touched else 'from' if trail else 'stop'} {price(terms.stop_price)}"
        * bool(terms.stop_price.value),
        f"limit {price(terms.limit_price)}" if terms.limit_price.value else "",
        word(order_pb2.TimeInForce, terms.time_in_force),
        f"until {instant(terms.good_till_time)}" if terms.good_till_time.seconds else "",
        "outside hours" if terms.outside_regular_hours else "",
    )
    return ", ".join(filter(None, parts))


def mark_cells(mark: position_pb2.Mark, now: datetime) -> tuple[str, str]:
    """A live price and how old it is; both empty where none is known."""
    if not mark.price.value:
        return "", ""
    return price(mark.price), span((now - aware(mark.time)).total_seconds())


def aware(stamp: Timestamp) -> datetime:
    """A stamp as an instant that knows its zone."""
    return stamp.ToDatetime(tzinfo=UTC)


def show_whole(*what: Table | Any) -> None:
    """Print as `show` does, but let a table have the width it needs: of too narrow a one columns would vanish."""
    output, endless = console(), Console(width=_ENDLESS)
    terminal = output.width
    for one in what:
        if isinstance(one, Table):
            output.width = max(terminal, Measurement.get(endless, endless.options, one).minimum)
            output.print(one, crop=False)
        else:
            show(one)


def rows_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table like all others, whose cells may be coloured."""
    made = table(title, columns, ())
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else harmless(cell) for cell in row))
    for column in made.columns:
        texts = [str(cell) for cell in (column.header, *column.cells)]
        # What may be wrapped is wrapped between words, the rest nowhere.
        parts = texts if column.no_wrap else [part for text in texts for part in text.split()]
        column.min_width = max(map(cell_len, parts), default=0)
    return made


def facts_of(title: str, rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and values like all others, which may be coloured; what has no value is left out."""
    made = facts(title, ())
    for name, value in rows:
        if value:
            made.add_row(name, value if isinstance(value, Text) else harmless(value))
    return made


def _trails_by_part(terms: order_pb2.OrderTerms) -> bool:
    return bool(terms.trail_fraction.value)


def _short(percent: str) -> str:
    """`5.000000%` as `5%`."""
    return f"{percent[:-1].rstrip('0').rstrip('.')}%" if percent.endswith("%") else percent
