"""Orders larger than a day lets through, as zipline fills them: at closes, a part a day, at a price that they move.

Where conventions agree: a decision at a close fills at the next one (NEXT_CLOSE); at most 2.5 % of the day's volume; on
the price an impact of 0.1 x share^2; 0.001 a share and at least 1 an order, held against the order as a whole. Cash
lends and costs nothing, and there is enough of it, as zipline refuses no order.

What was chosen so that they do:

- zipline takes the share of several orders of one bar together, ours of each alone; orders are so far apart that the
  one before is done. Where 2.5 % of the volume is no whole number, both round down.
- zipline keeps prices to the tenth of a cent and lets a limit order meet closes alone; all orders here are at the
  market.
- Its calendar begins twenty years ago, so the bars do from 2007 on.
"""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.orders import FillTiming
from scizor.engine.costs import Commission, Financing, Slippage, SlippageModel
from scizor.engine.settings import Settings
from scizor.strategy import Context, EventStrategy, Int
from scizor.strategy.run import run
from tests.full import peers

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


class Large(EventStrategy):
    """A twentieth of the day's volume every so many days, bought and sold in turn."""

    every = Int(10, 1, 1_000, "Days between two orders")

    def on_start(self, ctx: Context) -> None:
        self.bar = -1

    def on_bar(self, ctx: Context) -> None:
        self.bar += 1
        bar = ctx.bar("GOOG")
        if bar is not None and self.bar % self.every == 0:
            place = ctx.buy if self.bar // self.every % 2 == 0 else ctx.sell
            place("GOOG", bar.volume // 20)


def test_parts_prices_and_equity_are_those_of_volume_share_slippage() -> None:
    bars = peers.since(peers.google(), "2007-01-03")
    theirs = peers.run("zipline", "slippage_zipline", bars, 0.001, 1.0, 0.025, 0.1, 10)
    settings = Settings(
        1e11,
        fill_timing=FillTiming.NEXT_CLOSE,
        max_participation=0.025,
        slippage=Slippage(SlippageModel.VOLUME_SHARE, 0.1),
        commission=Commission(per_share=0.001, minimum=1.0),
        financing=Financing.none(),
    )
    result = run(Large(every=10), peers.panel(bars), settings).result
    fills = result.fills
    assert len(fills) == len(theirs["row"]) > 300
    np.testing.assert_array_equal(fills["row"], theirs["row"])
    np.testing.assert_array_equal(fills["side"] * fills["quantity"], theirs["signed"])
    np.testing.assert_allclose(fills["price"], theirs["price"], rtol=1e-12)
    np.testing.assert_allclose(result.equity, theirs["equity"], rtol=1e-12)
