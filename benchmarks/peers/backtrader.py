"""backtrader: a callback a bar, all in Python; in its preloading mode, without what it keeps for plots."""

from __future__ import annotations

from datetime import UTC, datetime

import backtrader as peer

from benchmarks.peers.common import CASH, FAST, FEE, SHARES, SLOW, Bars, Outcome, Run, Work, answer

ROWS, PORTFOLIO_ROWS = 20_000, 252


class Feed(peer.feed.DataBase):
    """Columns that are in memory already."""

    params = (("bars", None),)

    def start(self) -> None:
        super().start()
        one = self.p.bars
        dates = [
            peer.date2num(datetime.fromtimestamp(ns / 1e9, UTC).replace(tzinfo=None)) for ns in one.close_ns.tolist()
        ]
        self.rows = iter(zip(dates, *(column.tolist() for column in one[2:]), strict=True))

    def _load(self) -> bool:
        row = next(self.rows, None)
        if row is None:
            return False
        lines = self.lines
        (lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0]) = row
        lines.openinterest[0] = 0
        return True


class Empty(peer.Strategy):
    def next(self) -> None:
        pass


class Cross(peer.Strategy):
    params = (("share", None),)

    def __init__(self) -> None:
        self.means = [(data, peer.ind.SMA(data, period=FAST), peer.ind.SMA(data, period=SLOW)) for data in self.datas]
        self.trades = 0

    def next(self) -> None:
        for data, fast, slow in self.means:
            above, held = fast[0] > slow[0], self.getposition(data).size > 0
            if above and not held:
                if self.p.share is None:
                    self.buy(data, size=SHARES)
                else:
                    self.order_target_percent(data, target=self.p.share)
            elif held and not above:
                self.close(data)

    def notify_trade(self, trade: peer.Trade) -> None:
        self.trades += trade.isclosed


def engine(bars: Bars, strategy: type[peer.Strategy], **params: float | None) -> peer.Cerebro:
    cerebro = peer.Cerebro(stdstats=False)
    for symbol in range(bars.close.shape[1]):
        cerebro.adddata(Feed(bars=bars.only(symbol)))
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=FEE)
    cerebro.addstrategy(strategy, **params)
    cerebro.addanalyzer(peer.analyzers.TradeAnalyzer)
    cerebro.addanalyzer(peer.analyzers.DrawDown)
    cerebro.addanalyzer(peer.analyzers.SharpeRatio)
    return cerebro


def work(strategy: type[peer.Strategy], rows: int, **params: float | None) -> Work:
    def prepare(bars: Bars) -> Run:
        def run() -> Outcome:
            # A Cerebro runs its feeds once.
            cerebro = engine(bars, strategy, **params)
            (found,) = cerebro.run()
            return Outcome(getattr(found, "trades", 0), cerebro.broker.getvalue())

        return run

    return Work(prepare, rows)


answer(
    {
        "sma": work(Cross, ROWS, share=0.999),
        "callback": work(Empty, ROWS),
        "orders": work(Cross, ROWS),
        "portfolio": work(Cross, PORTFOLIO_ROWS, share=1 / 309),
    }
)
