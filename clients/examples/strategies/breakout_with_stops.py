"""An event strategy: one row after the other, with orders of several kinds.

A close above the highest high of the weeks before is bought with a bracket: the market's entry, a limit that takes the
profit and a stop that ends the loss, both in multiples of the average true range, so far away in noisy symbols. The
quantity follows from what may be lost. A position that has come to nothing after some weeks is closed.
"""

from __future__ import annotations

from scizor.strategy import Context, EventStrategy, Fill, Float, Int, Order, OrderState
from scizor.strategy import indicators as ta


class BreakoutWithStops(EventStrategy):
    """Buys breakouts with a bracket of take-profit and stop-loss, and closes what goes nowhere."""

    window = Int(40, 5, 500, "Window of the highest high, bars")
    risk = Float(0.01, 0.001, 0.10, "Part of the equity that one position may lose at its stop")
    stop_ranges = Float(2.0, 0.5, 20.0, "Distance of the stop, average true ranges")
    profit_ranges = Float(5.0, 0.5, 50.0, "Distance of the take-profit, average true ranges")
    patience = Int(60, 1, 1_000, "Bars after which a position is closed")

    channel = ta.donchian(window=window, present=False)
    true_range = ta.atr(window=20)

    def on_start(self, ctx: Context) -> None:
        """What is remembered between rows is set up here, so that each run begins anew."""
        self.bars_held: dict[str, int] = {}
        self.rejected: list[str] = []

    def on_bar(self, ctx: Context) -> None:
        """Enter where a channel is left upwards, leave where patience is at its end."""
        for symbol in ctx.symbols:
            bar = ctx.bar(symbol)
            if bar is None:
                continue
            if ctx.position(symbol):
                self._hold(ctx, symbol)
            elif bar.close > self.channel.upper[symbol] and not ctx.orders(symbol):
                self._enter(ctx, symbol, bar.close)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """The entry starts the count of bars; so does whatever else fills, which no longer matters then."""
        self.bars_held[fill.symbol] = 0

    def on_order(self, ctx: Context, order: Order) -> None:
        """An account may refuse an order: remember what it refused."""
        if order.state is OrderState.REJECTED:
            self.rejected.append(order.symbol)

    def _enter(self, ctx: Context, symbol: str, close: float) -> None:
        distance = self.stop_ranges * self.true_range[symbol]
        # As many shares as lose what may be lost, but none on credit, nor more than a fair share of the account.
        affordable = min(ctx.cash, ctx.equity / len(ctx.symbols)) * 0.95 / close
        quantity = int(min(self.risk * ctx.equity / distance, affordable)) if 0 < distance < close else 0
        if quantity:
            ctx.bracket(
                symbol,
                quantity,
                take_profit=close + self.profit_ranges * self.true_range[symbol],
                stop_loss=close - distance,
                label="breakout",
            )

    def _hold(self, ctx: Context, symbol: str) -> None:
        self.bars_held[symbol] += 1
        if self.bars_held[symbol] == self.patience:
            ctx.cancel_all(symbol)
            ctx.close_position(symbol)
