"""Optimisations: the search for a strategy's parameters, as durable jobs.

`app.py` has the use cases and `calls.py` speaks the wire; `watch.py` tells how a search goes. `runner.py` claims jobs,
`execution.py` carries one out: `asked.py` resolves what is searched, `study.py` makes what workers are sent,
`workshop.py` has trials run, `progress.py` tells how far it is, `verdict.py` says what the trials prove.
"""
