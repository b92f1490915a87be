"""The wire's side of MarketData, by subject."""
