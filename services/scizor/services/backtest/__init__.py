"""The Backtest service: strategies run over stored bars, as durable jobs.

`servicer.py` speaks the wire and `app.py` the use cases; `watch.py` tells how a job goes. `runner.py` claims jobs,
`execution.py` runs one with `load.py` (bars), `computation.py` (the engine) and `report.py` (progress).
"""
