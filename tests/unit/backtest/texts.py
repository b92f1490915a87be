"""Strategies as their users write them."""

from __future__ import annotations

from textwrap import dedent

GOOD = dedent('''
    from scizor.strategy import Bars, Bool, Choice, Float, Int, VectorStrategy, broken_rule, indicators as ta


    class MyCross(VectorStrategy):
        """Holds a symbol while its fast mean is above its slow one."""

        fast = Int(5, 1, 100, "Window of the fast mean, bars")
        slow = Int(20, 2, 100, "Window of the slow mean, bars")
        part = Float(1.0, 0.1, 1.0, "Of the equity")
        side = Choice("long", ("long", "flat"))
        quick = Bool(False)
        fast_mean = ta.sma("close", window=fast)
        slow_mean = ta.sma("close", window=slow)

        def check(self):
            if self.fast >= self.slow:
                raise broken_rule("fast", "must be less than slow")

        def targets(self, bars: Bars):
            above = self.fast_mean.matrix > self.slow_mean.matrix
            return above * self.part / bars.n_symbols if self.side == "long" else above * 0.0
''').lstrip()
EVENT = dedent("""
    from scizor.strategy import EventStrategy


    class Buyer(EventStrategy):
        def on_bar(self, ctx):
            for symbol in ctx.symbols:
                if not ctx.position(symbol):
                    ctx.buy(symbol, 1)
""").lstrip()
RAISING = dedent("""
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            if len(ctx.history(ctx.symbols[0], 30)) == 30:
                raise KeyError("lost")
""").lstrip()
PEEKING = dedent("""
    import numpy as np
    from scizor.strategy import VectorStrategy


    class Mine(VectorStrategy):
        def targets(self, bars):
            tomorrow = np.roll(bars.close, -1, axis=0)
            return (tomorrow > bars.close) * 1.0 / bars.n_symbols
""").lstrip()
MISSPELT = dedent("""
    import socket
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            ctx.bye(ctx.symbols[0], 1)
""").lstrip()
IDLE = dedent("""
    from scizor.strategy import EventStrategy


    class Mine(EventStrategy):
        def on_bar(self, ctx):
            pass
""").lstrip()
BROKEN = "class Mine(\n"
EMPTY = "x = 1\n"
