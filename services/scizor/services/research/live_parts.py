"""What is told of a strategy at work, between the host and its locked process: documents and arrays, both ways.

Bars, views and what happened travel as numbers: a row of a hundred symbols is one array. NaN is what an order has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scizor.codec.plain import from_plain, to_plain
from scizor.domain.orders import (
    AccountType,
    FillCause,
    OrderEnd,
    OrderState,
    OrderType,
    PriceRounding,
    Side,
    TimeInForce,
)
from scizor.domain.sessions import from_day, to_day
from scizor.engine.costs import Commission, Slippage
from scizor.engine.market import Listing
from scizor.engine.settings import Margin, Settings
from scizor.strategy.live import Row, View
from scizor.strategy.parameters import ParameterValue
from scizor.strategy.views import Bar, Fill, Order

Array = npt.NDArray[Any]
_NAN: Final = float("nan")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STANDS = -1  # in place of a place in `happened`: the order as it stands


@dataclass(frozen=True, slots=True)
class Start:
    """What a strategy at work is made of. `source`: its text, or `builtin`: the id of one of ours.

    `settings`: the account and what its orders cost; of how they fill nothing is told. `window_rows`: 0 as `live_of`
    has it. `file`: what errors call it by.
    """

    symbols: tuple[str, ...]
    settings: Settings
    source: str = ""
    file: str = "strategy.py"
    builtin: str = ""
    parameters: Mapping[str, ParameterValue] | None = None
    listings: Mapping[str, Listing] | None = None
    window_rows: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a strategy is told: a row with the view at its close, or without a row what happened since.

    `splits`: symbols that have split since the row before, and into how many.
    """

    view: View
    row: Row | None = None
    splits: tuple[tuple[str, float], ...] = ()


def start_parts(start: Start) -> dict[str, Any]:
    """As a document."""
    settings = start.settings
    commission = settings.commission
    schedules = {"": commission} if isinstance(commission, Commission) else commission
    return {
        "symbols": list(start.symbols),
        "source": start.source,
        "file": start.file,
        "builtin": start.builtin,
        "parameters": dict(start.parameters or {}),
        "listings": {
            symbol: [one.currency, one.lot_size, one.tick_size] for symbol, one in (start.listings or {}).items()
        },
        "window_rows": start.window_rows,
        "settings": {
            "initial_cash": settings.initial_cash,
            "base_currency": settings.base_currency,
            "account": int(settings.account),
            "margin": to_plain(settings.margin),
            "cash_buffer": settings.cash_buffer,
            "price_rounding": int(settings.price_rounding),
            "max_participation": settings.max_participation,
            "slippage": to_plain(settings.slippage),
            "commission": {symbol: to_plain(one) for symbol, one in schedules.items()},
            "fx_bps": settings.fx_bps,
        },
    }


def start_of(told: Mapping[str, Any]) -> Start:
    """What was told. The host's own document: it is believed."""
    given = told["settings"]
    words = ("initial_cash", "base_currency", "cash_buffer", "max_participation", "fx_bps")
    settings = Settings(
        **{name: given[name] for name in words},
        account=AccountType(given["account"]),
        margin=from_plain(Margin, given["margin"]),
        price_rounding=PriceRounding(given["price_rounding"]),
        slippage=from_plain(Slippage, given["slippage"]),
        commission={symbol: from_plain(Commission, one) for symbol, one in given["commission"].items()},
    )
    listings = {symbol: Listing(*one) for symbol, one in told["listings"].items()}
    names = ("source", "file", "builtin", "parameters", "window_rows")
    return Start(tuple(told["symbols"]), settings, **{name: told[name] for name in names}, listings=listings)


def rows_parts(rows: Sequence[Row], symbols: Sequence[str]) -> dict[str, Array]:
    """Rows as arrays: `slots` (session's day, open, close) and `bars` by row, symbol and column."""
    missing = [_NAN] * len(Bar._fields)
    bars = [[row.bars.get(symbol, missing) for symbol in symbols] for row in rows]
    slots = [(to_day(row.session), row.open_ns, row.close_ns) for row in rows]
    return {
        "slots": np.array(slots, np.int64).reshape(-1, 3),
        "bars": np.array(bars, np.float64).reshape(len(rows), len(symbols), len(Bar._fields)),
    }


def rows_of(arrays: Mapping[str, Array], symbols: Sequence[str]) -> list[Row]:
    """What was told."""
    numbers = zip(arrays["slots"].tolist(), arrays["bars"].tolist(), strict=True)
    return [
        Row(
            from_day(day),
            opened,
            closed,
            {s: Bar(*bar) for s, bar in zip(symbols, bars, strict=True) if bar[0] == bar[0]},  # NaN differs from itself
        )
        for (day, opened, closed), bars in numbers
    ]


def splits_parts(splits: Iterable[Sequence[tuple[str, float]]]) -> list[list[Any]]:
    """Splits with the place of what they come before."""
    return [[place, symbol, ratio] for place, many in enumerate(splits) for symbol, ratio in many]


def steps_parts(steps: Sequence[Step], symbols: Sequence[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Steps as a document and arrays."""
    index = {symbol: place for place, symbol in enumerate(symbols)}
    money = [(one.view.cash, one.view.equity, one.view.last_id) for one in steps]
    held = [
        (place, index[symbol], shares)
        for place, one in enumerate(steps)
        for symbol, shares in one.view.positions.items()
        if shares and symbol in index
    ]
    orders: list[tuple[float, ...]] = []
    fills: list[tuple[float, ...]] = []
    labels: dict[int, str] = {}
    for place, step in enumerate(steps):
        entries = [(_STANDS, order) for order in step.view.orders]
        for at, one in (*entries, *enumerate(step.view.happened)):
            if isinstance(one, Order):
                orders.append((place, at, *_order_numbers(one, index)))
                labels[one.id] = one.label
            else:
                fills.append((place, at, *_fill_numbers(one, index)))
                labels[one.order_id or 0] = one.label
    document = {
        "with_row": [one.row is not None for one in steps],
        "splits": splits_parts(one.splits for one in steps),
        "rates": [dict(one.view.rates) for one in steps] if any(one.view.rates for one in steps) else [],
        "labels": [[number, label] for number, label in labels.items() if label],
    }
    arrays = {
        "money": np.array(money, np.float64).reshape(-1, 3),
        "held": np.array(held, np.float64).reshape(-1, 3),
        "orders": np.array(orders, np.float64).reshape(-1, 16),
        "fills": np.array(fills, np.float64).reshape(-1, 10),
    }
    return document, arrays | rows_parts([one.row for one in steps if one.row is not None], symbols)


def steps_of(document: Mapping[str, Any], arrays: Mapping[str, Array], symbols: Sequence[str]) -> list[Step]:
    """What was told."""
    labels = dict(document["labels"])
    money = arrays["money"].tolist()
    held: list[dict[str, float]] = [{} for _ in money]
    standing: list[list[Order]] = [[] for _ in money]
    happened: list[dict[int, Order | Fill]] = [{} for _ in money]
    for place, index, shares in arrays["held"].tolist():
        held[int(place)][symbols[int(index)]] = shares
    for place, at, *numbers in arrays["orders"].tolist():
        order = _order_of(numbers, symbols, labels)
        if at == _STANDS:
            standing[int(place)].append(order)
        else:
            happened[int(place)][int(at)] = order
    for place, at, *numbers in arrays["fills"].tolist():
        happened[int(place)][int(at)] = _fill_of(numbers, symbols, labels)
    splits: list[list[tuple[str, float]]] = [[] for _ in money]
    for place, symbol, ratio in document["splits"]:
        splits[place].append((symbol, ratio))
    rates = document["rates"] or [{} for _ in money]
    rows = iter(rows_of(arrays, symbols))
    return [
        Step(
            View(
                cash,
                equity,
                held[place],
                tuple(standing[place]),
                tuple(one for _, one in sorted(happened[place].items())),
                rates[place],
                int(last_id),
            ),
            next(rows) if with_row else None,
            tuple(splits[place]),
        )
        for place, ((cash, equity, last_id), with_row) in enumerate(zip(money, document["with_row"], strict=True))
    ]


def _order_numbers(one: Order, index: Mapping[str, int]) -> tuple[float, ...]:
    prices = (one.average_price, one.limit, one.trigger, one.weight)
    return (
        *(one.id, index[one.symbol], one.side, one.type, one.tif, one.state, one.end, one.quantity, one.filled),
        *(_NAN if price is None else price for price in prices),
        one.parent or 0,
    )


def _order_of(numbers: list[float], symbols: Sequence[str], labels: Mapping[int, str]) -> Order:
    number, symbol, side, kind, tif, state, end, quantity, filled, *prices, parent = numbers
    average, limit, trigger, weight = (None if price != price else price for price in prices)
    return Order(
        int(number),
        symbols[int(symbol)],
        Side(int(side)),
        OrderType(int(kind)),
        TimeInForce(int(tif)),
        OrderState(int(state)),
        OrderEnd(int(end)),
        quantity,
        filled,
        average,
        limit,
        trigger,
        weight,
        int(parent) or None,
        labels.get(int(number), ""),
    )


def _fill_numbers(one: Fill, index: Mapping[str, int]) -> tuple[float, ...]:
    time_us = (one.time - _EPOCH) // timedelta(microseconds=1)
    which = (one.order_id or 0, index[one.symbol], one.side)
    return (*which, one.quantity, one.price, one.commission, one.cause, time_us)


def _fill_of(numbers: list[float], symbols: Sequence[str], labels: Mapping[int, str]) -> Fill:
    number, symbol, side, quantity, price, commission, cause, time_us = numbers
    return Fill(
        int(number) or None,
        symbols[int(symbol)],
        Side(int(side)),
        quantity,
        price,
        commission,
        FillCause(int(cause)),
        _EPOCH + timedelta(microseconds=int(time_us)),
        labels.get(int(number), ""),
    )
