"""MarketData: symbols, their daily bars, and the proof of what is there, what is missing and what was refused.

`servicer` decodes, calls and encodes; the use cases are in `symbols`, `bars`, `imports`, `coverage`, `quality`,
`actions` and `health`, and know ports only; `__main__` picks the adapters.
"""
