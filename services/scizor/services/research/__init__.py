"""A strategy's file run on its user's machine: the program that `scizor backtest run my_strategy.py` starts.

It is given a question through a pipe and gives one answer; user code runs nowhere else. `__main__.py` keeps to that,
`strategy_file.py` loads the strategy, `material.py` turns what it was given into what the engine takes, `work.py` runs
it, `findings.py`, `names.py` and `places.py` look for mistakes in it, `alarm.py` ends what takes too long, `quiet.py`
keeps silent what is run again. `confined.py` is the same for a service, which has it run in locked processes.
"""
