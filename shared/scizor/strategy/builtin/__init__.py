"""The strategies that come with the platform, each written both ways: the two decide alike at every row.

Those that hold symbols one by one give each the same weight, 1/N of N symbols.
"""

from __future__ import annotations

from scizor.strategy.builtin.buy_and_hold import BuyAndHold, BuyAndHoldEvent
from scizor.strategy.builtin.donchian_breakout import DonchianBreakout, DonchianBreakoutEvent
from scizor.strategy.builtin.momentum_rotation import MomentumRotation, MomentumRotationEvent
from scizor.strategy.builtin.rsi_reversion import RsiReversion, RsiReversionEvent
from scizor.strategy.builtin.sma_cross import SmaCross, SmaCrossEvent

__all__ = [
    "BuyAndHold",
    "BuyAndHoldEvent",
    "DonchianBreakout",
    "DonchianBreakoutEvent",
    "MomentumRotation",
    "MomentumRotationEvent",
    "RsiReversion",
    "RsiReversionEvent",
    "SmaCross",
    "SmaCrossEvent",
]
