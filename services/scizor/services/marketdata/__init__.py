"""MarketData: symbols, their bars, live prices, and the proof of what is there, what is missing and what was refused.

`calls` decodes, calls and encodes. The use cases know ports only: `symbols` (what is stored, and what the broker knows
of it), `bars` (reading), `imports` (files and rows that come in), `collection` (bars asked of the broker), `live`
(prices as they come), `truth` (coverage, quality, corporate actions, market hours, health). `assembly` puts them
together, `__main__` picks the adapters.
"""
