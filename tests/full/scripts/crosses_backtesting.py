"""In the environment of backtesting.py: an SMA cross of all the equity, always in or long only."""

import sys

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import SMA

answer, bars = sys.argv[1:3]
FAST, SLOW, COMMISSION, AT_END, SHORT = (float(one) for one in sys.argv[3:8])


class Cross(Strategy):
    def init(self):
        self.fast = self.I(SMA, self.data.Close, int(FAST))
        self.slow = self.I(SMA, self.data.Close, int(SLOW))

    def next(self):
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy()
        elif crossover(self.slow, self.fast):
            self.position.close()
            if SHORT:
                self.sell()


with np.load(bars) as given:
    columns = {name.title(): given[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, given["days"].astype("datetime64[D]"))
run = Backtest(frame, Cross, cash=10_000, commission=COMMISSION, finalize_trades=bool(AT_END)).run()
trades = run["_trades"]
names = ("Size", "EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "PnL", "Commission", "ReturnPct")
found = {name: trades[name].to_numpy(np.float64) for name in names}
np.savez(answer, equity=run["_equity_curve"]["Equity"].to_numpy(np.float64), **found)
