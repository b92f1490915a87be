"""In the environment of backtrader: entries with a stop-loss and a take-profit, as its brackets."""

import sys
from datetime import date

import backtrader as bt
import numpy as np

from tests.full.scripts.rules import EVERY, PATIENCE, SHARES, entry_at

_EPOCH = date(1970, 1, 1).toordinal()

answer, bars, KIND = sys.argv[1:4]


class Feed(bt.feed.DataBase):
    params = (("rows", ()),)

    def start(self):
        super().start()
        self.left = iter(self.p.rows)

    def _load(self):
        row = next(self.left, None)
        if row is None:
            return False
        day, *prices = row
        self.lines.datetime[0] = bt.date2num(date.fromordinal(_EPOCH + int(day)))
        for line, price in zip(("open", "high", "low", "close", "volume"), prices, strict=True):
            getattr(self.lines, line)[0] = price
        return True


class Exits(bt.Strategy):
    def __init__(self):
        self.waiting, self.fills = [], []

    def next(self):
        bar = len(self) - 1
        alive = [order for order in self.waiting if order.alive()]
        if bar % EVERY == PATIENCE and not self.position and alive:
            self.cancel(alive[0])
        entry = entry_at(bar, self.data.close[0], KIND)
        if entry is None or self.position or alive:
            return
        place = self.buy_bracket if entry.side > 0 else self.sell_bracket
        kinds = {"market": bt.Order.Market, "limit": bt.Order.Limit, "stop": bt.Order.Stop}
        at = entry.limit or entry.stop
        self.waiting = place(
            size=SHARES, exectype=kinds[KIND], price=at, stopprice=entry.stop_loss, limitprice=entry.take_profit
        )

    def notify_order(self, order):
        if order.status == order.Completed:
            done = order.executed
            self.fills.append((len(self) - 1, np.sign(done.size), done.price, done.comm))


with np.load(bars) as given:
    names = ("days", "open", "high", "low", "close", "volume")
    rows = list(zip(*(given[name].tolist() for name in names), strict=True))
cerebro = bt.Cerebro(stdstats=False)
cerebro.adddata(Feed(rows=rows))
cerebro.broker.setcash(100_000)
cerebro.broker.setcommission(commission=0.001)
cerebro.addstrategy(Exits)
(run,) = cerebro.run()
fills = np.array(run.fills[: len(run.fills) // 2 * 2], np.float64)
entries, exits = fills[0::2], fills[1::2]
direction = entries[:, 1]
gross = direction * SHARES * (exits[:, 2] - entries[:, 2])
np.savez(
    answer,
    direction=direction,
    entry_row=entries[:, 0],
    exit_row=exits[:, 0],
    entry_price=entries[:, 2],
    exit_price=exits[:, 2],
    net_pnl=gross - entries[:, 3] - exits[:, 3],
)
