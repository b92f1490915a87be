"""The bars of a run on this machine, from the services: what is fetched, and as what it is handed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.parse import Length
from scizor.client.cli.stored_bars import stored_bars
from scizor.client.sync import Client
from scizor.client.values import Bars
from scizor.codec.frames import Array, Frame
from scizor.domain.bars import SYNTHETIC, VALUE_COLUMNS, Adjustment
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.intervals import Interval
from scizor.domain.sessions import yyyymmdd_to_days
from scizor.marketdata.v1.corporate_action_pb2 import CorporateAction
from scizor.marketdata.v1.symbol_pb2 import Symbol


def bars_frame(client: Client, backtest: bt.Backtest) -> Frame:
    """Bars of the backtest's symbols and, last, its benchmark. Raises CallError, FailedPrecondition(BARS_NOT_FOUND)."""
    symbols = [client.symbols.get(name) for name in backtest.symbols]
    series = _bars(client, symbols, backtest, Interval(backtest.interval), Adjustment(backtest.adjustment))
    raw = Adjustment(backtest.adjustment) is Adjustment.RAW
    actions = [client.actions.list(one.id) if raw else [] for one in symbols]
    if backtest.benchmark:
        # Of whole days and, where the run has prices as traded, total returns: as the service takes it.
        held = [client.symbols.get(backtest.benchmark)]
        scale = Adjustment.TOTAL_RETURN if raw else Adjustment(backtest.adjustment)
        series += _bars(client, held, backtest, Interval.DAY_1, scale)
        symbols, actions = symbols + held, [*actions, []]
    described = [_described(*one) for one in zip(symbols, series, actions, strict=True)]
    arrays: dict[str, Array] = {}
    for place, one in enumerate(series):
        days, _ = yyyymmdd_to_days(one.session_date)
        arrays |= {f"{place}.day": days, f"{place}.time_ns": one.time_ns}
        arrays |= {f"{place}.{column}": getattr(one, column) for column in VALUE_COLUMNS}
    return Frame({"symbols": described}, arrays)


def _bars(
    client: Client, symbols: Sequence[Symbol], backtest: bt.Backtest, interval: Interval, adjustment: Adjustment
) -> list[Bars]:
    references = [f"{one.id}.{one.currency}" for one in symbols]
    found = stored_bars(client, references, backtest.start, backtest.end, interval=interval, adjustment=adjustment)
    for one in symbols:
        if one.id not in found:
            raise _no_bars(one.id, backtest, interval)
    return [found[one.id] for one in symbols]


def _no_bars(symbol: str, backtest: bt.Backtest, interval: Interval) -> FailedPrecondition:
    where = f"from {backtest.start or 'the oldest'} to {backtest.end or 'the newest'}"
    if not interval.intraday:
        return FailedPrecondition(f"{symbol} has no bars {where}: import some", Reason.BARS_NOT_FOUND)
    length = Length[interval.name]
    how = f"`scizor collect history {symbol} --interval {length}` brings some"
    return FailedPrecondition(f"{symbol} has no bars of {length} {where}: {how}", Reason.BARS_NOT_FOUND)


def _described(symbol: Symbol, bars: Bars, actions: Sequence[CorporateAction]) -> dict[str, Any]:
    made_up = [bars.sources[place].endswith(SYNTHETIC) for place in np.unique(bars.source_index)]
    return {
        "symbol": symbol.id,
        "currency": symbol.currency,
        "interval": int(bars.interval),
        "delisted": symbol.delisted_date,
        "synthetic": any(made_up),
        "actions": [
            {
                "type": one.type,
                "exDate": one.ex_date,
                "payDate": one.pay_date,
                "value": (one.ratio if one.HasField("ratio") else one.amount).value,
            }
            for one in actions
        ],
    }
