"""The backtest engine: prices and target weights in; equity, fills, trades and metrics out. No IO, no clock, no log.

simulation = Simulation(prices, targets, Settings(initial_cash=10_000, commission_bps=5))
while not simulation.advance(n_sessions=256):
    report(simulation.bars_done, simulation.bars_total)
metrics = evaluate(simulation.result(), prices)
"""

from __future__ import annotations

from scizor.engine.conventions import Convention
from scizor.engine.fingerprint import fingerprint
from scizor.engine.metrics import evaluate
from scizor.engine.prices import Prices, Series
from scizor.engine.settings import Settings
from scizor.engine.simulate import Result, Simulation

# Raised by every change that may change a figure: it is part of each result's fingerprint.
ENGINE_VERSION = "1"

__all__ = [
    "ENGINE_VERSION",
    "Convention",
    "Prices",
    "Result",
    "Series",
    "Settings",
    "Simulation",
    "evaluate",
    "fingerprint",
]
