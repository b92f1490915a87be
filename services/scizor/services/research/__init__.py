"""A strategy's file run on its user's machine: the program that `scizor backtest run my_strategy.py` starts.

It is given a question through a pipe and gives one answer; user code runs nowhere else. `__main__.py` keeps to that,
`material.py` turns what it was given into what the engine takes, `work.py` runs a strategy, `findings.py` and
`names.py` look for mistakes in one, `alarm.py` ends what takes too long.
"""
