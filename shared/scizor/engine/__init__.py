"""The backtest engine: a market and decisions in; equity, fills, trades and metrics out. No IO, no clock, no log.

market = Market(Panel.align({"AAPL": series}))
simulation = Simulation(market, Settings(initial_cash=10_000), targets)
while not simulation.advance(n_rows=4096):
    report(simulation.bars_done, simulation.bars_total)
metrics = evaluate(simulation.result(), market)

Import from the modules (`engine.panel`, `engine.simulate`, `engine.analytics`, ...): each brings only the kernels it
needs, and kernels cost start-up time.
"""

from __future__ import annotations

# Raised by every change that may change a figure: it is part of each result's fingerprint.
ENGINE_VERSION = "3"
