"""What becomes of results: the tearsheet and its files, backtests side by side, a strategy over all its runs.

`gathering.py` reads what a tearsheet is made of, `comparison.py` and `performance.py` are functions of stored results,
`app.py` the use cases, `calls.py` the wire's side.
"""
