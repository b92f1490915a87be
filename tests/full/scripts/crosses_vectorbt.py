"""In the environment of vectorbt: an SMA cross of all the cash in whole shares, filled at the next open."""

import sys

import numpy as np
import pandas as pd
import vectorbt as vbt

answer, bars = sys.argv[1:3]
FAST, SLOW, COMMISSION, SHORT = (float(one) for one in sys.argv[3:7])

with np.load(bars) as given:
    index = pd.to_datetime(given["days"].astype("datetime64[D]"))
    open_, close = pd.Series(given["open"], index), pd.Series(given["close"], index)
fast, slow = vbt.MA.run(close, int(FAST)), vbt.MA.run(close, int(SLOW))
entries = fast.ma_crossed_above(slow).vbt.signals.fshift(1)
exits = fast.ma_crossed_below(slow).vbt.signals.fshift(1)
if not SHORT:
    found = vbt.Portfolio.from_signals(
        close, entries, exits, price=open_, fees=COMMISSION, init_cash=10_000, size_granularity=1, freq="1D"
    )
else:
    found = vbt.Portfolio.from_signals(
        close,
        entries,
        short_entries=exits,
        price=open_,
        val_price=open_,
        fees=COMMISSION,
        init_cash=10_000,
        size_granularity=1,
        freq="1D",
    )
trades = found.trades.closed.records
columns = {
    "direction": 1 - 2 * trades["direction"],
    "entry_row": trades["entry_idx"],
    "exit_row": trades["exit_idx"],
    "quantity": trades["size"],
    "entry_price": trades["entry_price"],
    "exit_price": trades["exit_price"],
}
arrays = {name: column.to_numpy(np.float64) for name, column in columns.items()}
np.savez(answer, equity=found.value().to_numpy(np.float64), **arrays)
