"""The Backtest service: strategies run over stored bars, as durable jobs.

`servicer.py` and `calls.py` speak the wire; `app.py` has the use cases of backtests, `strategies/` those of strategies,
`recall.py` finds what was computed before, `watch.py` tells how a job goes. `runner.py` claims jobs, `execution.py`
runs one with `load.py` (bars) and `report.py` (progress): by `computation.py` (the engine) in a thread here or, where
somebody stored the code, in a locked process. `assembly.py` puts it all together.
"""
