"""Where the bars of a file's run and of its picture come from: days in one stream, shorter ones in pages."""

from __future__ import annotations

import os

import numpy as np
import pytest

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.following import Outcome
from scizor.client.cli.held_against import held_against
from scizor.client.cli.research_bars import bars_frame
from scizor.client.sync import Client
from scizor.client.values import Bars, Equity, bars_of
from scizor.domain.bars import Adjustment
from scizor.domain.errors import FailedPrecondition
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import market_data_service_pb2 as md
from scizor.type.v1 import bars_pb2
from tests.unit.client.scripted import MarketData

BEGINS_NS = 1_795_185_000_000_000_000
ASKED = bt.Backtest(
    symbols=["AAPL"],
    start="2026-11-01",
    interval=bars_pb2.BAR_INTERVAL_5M,
    adjustment=bars_pb2.ADJUSTMENT_SPLIT,
)


def test_bars_shorter_than_a_day_are_read_page_by_page(market_data: MarketData) -> None:
    with Client(os.environ["SCIZOR_ADDRESS"]) as client:
        frame = bars_frame(client, ASKED)
    (asked,) = [one for one in market_data.asked if isinstance(one, md.GetBarsRequest)]
    assert (asked.symbol, asked.start, asked.interval) == ("AAPL.NASDAQ.USD", "2026-11-01", bars_pb2.BAR_INTERVAL_5M)
    assert frame.document["symbols"][0]["interval"] == Interval.MINUTE_5
    assert frame.arrays["0.time_ns"].tolist() == [BEGINS_NS]


def test_a_symbol_without_bars_of_that_length_is_named_with_what_brings_some(
    market_data: MarketData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(symbol: str, *_range: object, interval: Interval, **_scale: object) -> Bars:
        return bars_of(bars_pb2.BarColumns(symbol=symbol, interval=bars_pb2.BarInterval.ValueType(interval)))

    rule = "AAPL.NASDAQ has no bars of 5m from 2026-11-01 .*`scizor collect history AAPL.NASDAQ --interval 5m`"
    with Client(os.environ["SCIZOR_ADDRESS"]) as client:
        monkeypatch.setattr(client.bars, "get", nothing)
        with pytest.raises(FailedPrecondition, match=rule):
            bars_frame(client, ASKED)


def test_a_run_on_shorter_bars_is_held_against_its_symbols_at_their_ends(market_data: MarketData) -> None:
    ends = BEGINS_NS + np.array([0, 300]) * 1_000_000_000
    values = np.array([100.0, 100.0])
    equity = Equity("USD", np.array([20261120] * 2, np.int32), values, values, values * 0, values * 0, ends)
    outcome = Outcome(ASKED, bt.BacktestResults(initial_capital=100.0), equity)
    with Client(os.environ["SCIZOR_ADDRESS"]) as client:
        held = held_against(client, outcome)
    assert held is not None
    assert held.values.tolist() == [100.0, 100.0]
    (asked,) = [one for one in market_data.asked if isinstance(one, md.GetBarsRequest)]
    assert asked.adjustment == int(Adjustment.TOTAL_RETURN)
