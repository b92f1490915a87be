"""In the environment of zipline: orders too large for a day's volume, filled at closes, by volume share."""

import os
import sys
import tempfile

os.environ["ZIPLINE_ROOT"] = tempfile.mkdtemp(prefix="zipline-")

import numpy as np
import pandas as pd
from zipline import run_algorithm
from zipline.api import order, set_commission, set_slippage, symbol
from zipline.data import bundles
from zipline.finance import commission, slippage
from zipline.utils.calendar_utils import get_calendar

answer, bars = sys.argv[1:3]
PER_SHARE, MINIMUM, LIMIT, IMPACT, EVERY = (float(one) for one in sys.argv[3:8])

with np.load(bars) as given:
    days = pd.to_datetime(given["days"].astype("datetime64[D]"))
    frame = pd.DataFrame({name: given[name] for name in ("open", "high", "low", "close", "volume")}, days)


def ingest(environ, asset_db, minute_bars, daily_bars, adjustments, calendar, start, end, cache, progress, out):
    listed = {"symbol": ["GOOG"], "asset_name": ["GOOG"], "start_date": [days[0]], "end_date": [days[-1]]}
    asset_db.write(equities=pd.DataFrame(listed | {"exchange": ["NYSE"]}))
    daily_bars.write([(0, frame)])
    adjustments.write()


def start(context):
    context.asset, context.bar = symbol("GOOG"), -1
    set_slippage(slippage.VolumeShareSlippage(volume_limit=LIMIT, price_impact=IMPACT))
    set_commission(commission.PerShare(cost=PER_SHARE, min_trade_cost=MINIMUM))


def decide(context, data):
    context.bar += 1
    if context.bar % EVERY == 0:
        side = 1 if context.bar // EVERY % 2 == 0 else -1
        order(context.asset, side * int(frame["volume"].iloc[context.bar] // 20))


bundles.register("given", ingest, "XNYS", start_session=days[0], end_session=days[-1])
bundles.ingest("given")
found = run_algorithm(
    days[0],
    days[-1],
    start,
    1e11,
    decide,
    bundle="given",
    trading_calendar=get_calendar("XNYS"),
    benchmark_returns=pd.Series(0.0, days),
)
fills = [fill for day in found["transactions"] for fill in day]
rows = np.array([days.get_loc(pd.Timestamp(fill["dt"]).tz_localize(None).normalize()) for fill in fills])
np.savez(
    answer,
    row=rows,
    signed=np.array([fill["amount"] for fill in fills], np.float64),
    price=np.array([fill["price"] for fill in fills], np.float64),
    equity=found["portfolio_value"].to_numpy(np.float64),
)
