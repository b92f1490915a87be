"""In the environment of backtesting.py: the daily bars it ships."""

import sys

import numpy as np
from backtesting.test import GOOG

columns = {name.lower(): GOOG[name].to_numpy(np.float64) for name in ("Open", "High", "Low", "Close", "Volume")}
np.savez(sys.argv[1], days=GOOG.index.to_numpy().astype("datetime64[D]").astype(np.int64), **columns)
