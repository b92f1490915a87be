"""Stored bars as strategies are run on them: what backtests and strategies at work have in common."""
