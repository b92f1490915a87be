"""nautilus_trader: an event-driven engine with a Rust and Cython core; bars in, a callback a bar.

An order sent from a bar fills at that bar's close, so its equity is not that of the others.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks.peers.common import CASH, FAST, FEE, SHARES, SLOW, Bars, Outcome, Run, Work, answer

VENUE = Venue("SIM")
ROWS, PORTFOLIO_ROWS = 50_000, 252


def instrument(symbol: int) -> Equity:
    name = f"S{symbol}"
    return Equity(
        instrument_id=InstrumentId(Symbol(name), VENUE),
        raw_symbol=Symbol(name),
        currency=USD,
        price_precision=3,
        price_increment=Price.from_str("0.001"),
        lot_size=Quantity.from_int(1),
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
        ts_event=0,
        ts_init=0,
    )


class Empty(Strategy):
    def __init__(self, bar_types: list[BarType]) -> None:
        super().__init__()
        self.bar_types = bar_types

    def on_start(self) -> None:
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        pass


class Cross(Empty):
    def on_start(self) -> None:
        self.means = {}
        for bar_type in self.bar_types:
            fast, slow = SimpleMovingAverage(FAST), SimpleMovingAverage(SLOW)
            self.register_indicator_for_bars(bar_type, fast)
            self.register_indicator_for_bars(bar_type, slow)
            self.means[bar_type] = fast, slow
            self.subscribe_bars(bar_type)
        self.held = dict.fromkeys(self.bar_types, False)
        self.size = Quantity.from_int(SHARES if len(self.bar_types) == 1 else 30)

    def on_bar(self, bar: Bar) -> None:
        fast, slow = self.means[bar.bar_type]
        if not slow.initialized:
            return
        above = fast.value > slow.value
        if above and not self.held[bar.bar_type]:
            self.order(bar.bar_type, OrderSide.BUY)
        elif self.held[bar.bar_type] and not above:
            self.order(bar.bar_type, OrderSide.SELL)
        self.held[bar.bar_type] = above

    def order(self, bar_type: BarType, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(bar_type.instrument_id, side, self.size))


def engine(bars: Bars) -> tuple[BacktestEngine, list[BarType]]:
    made = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    made.add_venue(VENUE, OmsType.NETTING, AccountType.CASH, [Money(CASH, USD)], base_currency=USD)
    minutes = int(bars.close_ns[0] - bars.open_ns[0]) < 3_600_000_000_000
    step = "1-MINUTE" if minutes else "1-DAY"
    bar_types = []
    for symbol in range(bars.close.shape[1]):
        listed = instrument(symbol)
        bar_type = BarType.from_str(f"{listed.id}-{step}-LAST-EXTERNAL")
        one = bars.only(symbol)
        columns = {name: getattr(one, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, pd.to_datetime(one.close_ns, utc=True))
        made.add_instrument(listed)
        made.add_data(BarDataWrangler(bar_type, listed).process(frame), sort=symbol == bars.close.shape[1] - 1)
        bar_types.append(bar_type)
    return made, bar_types


def work(strategy: type[Strategy], rows: int) -> Work:
    def prepare(bars: Bars) -> Run:
        made, bar_types = engine(bars)

        def run() -> Outcome:
            made.reset()
            made.clear_strategies()
            made.add_strategy(strategy(bar_types))
            made.run()
            found = made.get_result()
            cash = float(made.cache.account_for_venue(VENUE).balance_total(USD))
            held = sum(
                float(one.quantity) * bars.close[-1, int(one.symbol.value[1:])] for one in made.cache.positions_open()
            )
            return Outcome(found.total_orders // 2, cash + held)

        return run

    return Work(prepare, rows)


answer(
    {
        "callback": work(Empty, ROWS),
        "orders": work(Cross, ROWS),
        "portfolio": work(Cross, PORTFOLIO_ROWS),
    }
)
