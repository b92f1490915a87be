"""In the environment of backtesting.py: entries with a stop-loss and a take-profit."""

import sys

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from tests.full.scripts.rules import EVERY, PATIENCE, SHARES, entry_at

answer, bars, KIND = sys.argv[1:4]


class Exits(Strategy):
    def init(self):
        pass

    def next(self):
        bar = len(self.data) - 1
        if bar % EVERY == PATIENCE and not self.position:
            for order in self.orders:
                order.cancel()
        entry = entry_at(bar, self.data.Close[-1], KIND)
        if entry is None or self.position or self.orders:
            return
        place = self.buy if entry.side > 0 else self.sell
        place(size=SHARES, limit=entry.limit, stop=entry.stop, sl=entry.stop_loss, tp=entry.take_profit)


with np.load(bars) as given:
    columns = {name.title(): given[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, given["days"].astype("datetime64[D]"))
run = Backtest(frame, Exits, cash=100_000, commission=0.001).run()
trades = run["_trades"]
names = {
    "entry_row": "EntryBar",
    "exit_row": "ExitBar",
    "entry_price": "EntryPrice",
    "exit_price": "ExitPrice",
    "net_pnl": "PnL",
}
found = {ours: trades[theirs].to_numpy(np.float64) for ours, theirs in names.items()}
np.savez(answer, direction=np.sign(trades["Size"].to_numpy(np.float64)), **found)
