"""Strategies at work: the same code as in a backtest, on bars as they come, with orders that go through the desk."""
