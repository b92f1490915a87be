"""What callers ask for, over and over: few enough kinds that each is run once undisturbed, to be held against."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from google.type.money_pb2 import Money

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.backtest.v1 import strategy_pb2 as st
from tests.unit.backtest.build import store_bars, waves
from tests.unit.backtest.texts import GOOD, RAISING

Asked = rpc.CreateBacktestRequest | pb.CreateOptimizationRequest

# Each optimisation has a symbol of its own: what trials prove hangs on all others of their strategy and bars.
SYMBOLS = {"AAA": 12_000, "BBB": 12_000, "GRID": 2_000, "TPE": 1_000, "CMA": 1_000, "HOSTED": 800}
"""Stored symbols of NASDAQ, and how many bars each has."""
SLOW = dedent("""
    from scizor.strategy import EventStrategy, Int


    class Patient(EventStrategy):
        \"\"\"Buys and sells by turns, and takes its time.\"\"\"

        wait = Int(20, 1, 1000, "Bars between two orders")

        def on_bar(self, ctx):
            for symbol in ctx.symbols:
                past = ctx.history(symbol, self.wait)
                if len(past) == self.wait and sum(past) / self.wait < past[-1]:
                    if not ctx.position(symbol):
                        ctx.buy(symbol, 1)
                elif ctx.position(symbol):
                    ctx.sell(symbol, ctx.position(symbol))
""").lstrip()
TEXTS = {"storm_cross": GOOD, "storm_patient": SLOW, "storm_raising": RAISING}
"""What is uploaded before anything fails."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One request but for its id. `weight`: how often it is asked for, compared with others."""

    name: str
    request: Asked
    weight: int = 1


async def store_symbols(dsn: str) -> None:
    """Their bars."""
    storage = SqlStorage(dsn)
    try:
        for place, (symbol, n_bars) in enumerate(SYMBOLS.items()):
            await store_bars(storage, f"{symbol}.NASDAQ", waves(n_bars, phase=place))
    finally:
        await storage.close()


def uploads() -> list[rpc.CreateStrategyRequest]:
    """What stores the texts."""
    return [rpc.CreateStrategyRequest(strategy=st.Strategy(id=id_, source=text)) for id_, text in TEXTS.items()]


def builtin() -> list[Kind]:
    """Of what came with the system."""
    return [
        Kind("vector", _backtest("sma_cross", "AAA", "BBB", fast=10, slow=50), 3),
        Kind("event", _backtest("sma_cross_event", "AAA", fast=5, slow=30), 3),
        Kind("grid", _search("sma_cross", "GRID", pb.OPTIMIZATION_METHOD_GRID), 1),
        Kind("tpe", _search("sma_cross_event", "TPE", pb.OPTIMIZATION_METHOD_TPE, 24, validated=True), 2),
        Kind("cma", _search("sma_cross_event", "CMA", pb.OPTIMIZATION_METHOD_CMA_ES, 20), 1),
    ]


def uploaded() -> list[Kind]:
    """Of the uploaded texts."""
    return [
        Kind("uploaded", _backtest("storm_cross", "BBB", fast=10, slow=50), 2),
        Kind("slow", _backtest("storm_patient", "AAA"), 3),
        Kind("raising", _backtest("storm_raising", "AAA"), 1),
        Kind("hosted", _search("storm_cross", "HOSTED", pb.OPTIMIZATION_METHOD_RANDOM, 8), 1),
    ]


def _backtest(strategy: str, *symbols: str, **parameters: float) -> rpc.CreateBacktestRequest:
    template = _template(strategy, *symbols)
    template.parameters.update(parameters)
    return rpc.CreateBacktestRequest(backtest=template)


def _search(
    strategy: str, symbol: str, method: pb.OptimizationMethod.ValueType, trials: int = 0, *, validated: bool = False
) -> pb.CreateOptimizationRequest:
    scheme = pb.VALIDATION_SCHEME_ROLLING if validated else pb.VALIDATION_SCHEME_UNSPECIFIED
    searched = pb.Optimization(
        backtest=_template(strategy, symbol),
        space=[_axis("fast", 2, 20), _axis("slow", 22, 60)],
        method=method,
        max_trials=trials,
        seed=11,
        validation=pb.Validation(scheme=scheme),
    )
    return pb.CreateOptimizationRequest(optimization=searched)


def _template(strategy: str, *symbols: str) -> bt.Backtest:
    capital = Money(currency_code="USD", units=10_000)
    return bt.Backtest(strategy_id=strategy, symbols=symbols, initial_capital=capital)


def _axis(name: str, low: float, high: float) -> pb.SearchAxis:
    return pb.SearchAxis(name=name, range=pb.NumberRange(min=low, max=high, step=1.0))
