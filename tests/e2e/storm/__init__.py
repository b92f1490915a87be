"""Backtests and optimisations asked for by several callers while processes are killed around them."""
