"""Risk: checks no order goes around, limits, the trading state and its kill switch, and what watches beside them."""
