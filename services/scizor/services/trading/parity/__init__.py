"""Sessions of strategies at work, held against what a backtest makes of the same bars."""
