"""Many symbols on two timeframes, held against a benchmark.

Run it on bars of an hour or less, the first symbol being the benchmark:

    scizor collect history IBM AAPL MSFT --start-date 2025-01-01 --interval 1h
    scizor backtest run pullback_in_uptrend.py --symbols IBM,AAPL,MSFT --interval 1h

The benchmark is not traded. While its days are above their mean, other symbols that are in an uptrend by the day are
bought when they dip on the bars of the run, and sold when they have recovered.
"""

from __future__ import annotations

from scizor.strategy import Context, EventStrategy, Float, Int, Interval
from scizor.strategy import indicators as ta


class PullbackInUptrend(EventStrategy):
    """Buys dips of symbols that rise by the day, while the benchmark does, too."""

    days = Int(10, 2, 250, "Window of the daily mean that tells an uptrend, days")
    window = Int(5, 2, 250, "Window of the strength index that tells a dip, bars")
    dip = Float(35.0, 1.0, 50.0, "Buy when the index is below")
    recovery = Float(55.0, 50.0, 99.0, "Sell when the index is above")

    # Only days that are complete are seen: during a day this is the mean up to the day before.
    daily_mean = ta.sma("close", window=days, interval=Interval.DAY_1)
    strength = ta.rsi("close", window=window)

    def on_start(self, ctx: Context) -> None:
        """The first symbol is the benchmark."""
        self.benchmark, self.traded = ctx.symbols[0], ctx.symbols[1:]

    def on_bar(self, ctx: Context) -> None:
        """Sell what has recovered; buy what dips while all rises."""
        market_rises = self._rises(ctx, self.benchmark)
        for symbol in self.traded:
            if ctx.bar(symbol) is None:
                continue
            strength = self.strength[symbol]
            if ctx.position(symbol):
                if strength > self.recovery or not market_rises:
                    ctx.target(symbol, 0.0)
            elif market_rises and strength < self.dip and self._rises(ctx, symbol):
                ctx.target(symbol, 1.0 / len(self.traded))

    def _rises(self, ctx: Context, symbol: str) -> bool:
        days = ctx.history(symbol, 2, interval=Interval.DAY_1)
        return len(days) == 2 and days[-1] > days[0] and ctx.close(symbol) > self.daily_mean[symbol]
