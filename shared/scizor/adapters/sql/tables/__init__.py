"""The tables. What must never be stored is refused here, whoever writes."""

from scizor.adapters.sql.tables.archives import archived_bars, archived_prices, symbol_archives
from scizor.adapters.sql.tables.backtests import (
    backtest_equity,
    backtest_jobs,
    backtest_metrics,
    backtest_results,
    backtest_trades,
)
from scizor.adapters.sql.tables.collections import collection_chunks, collections
from scizor.adapters.sql.tables.columns import INSTANT, WORD, metadata
from scizor.adapters.sql.tables.imports import imports, rejected_rows
from scizor.adapters.sql.tables.market import bar_flags, bar_revisions, bars, daily_prices, session_gaps
from scizor.adapters.sql.tables.optimizations import optimizations, trial_batches, trials
from scizor.adapters.sql.tables.requests import idempotency_keys
from scizor.adapters.sql.tables.strategies import strategies, strategy_versions
from scizor.adapters.sql.tables.symbols import broker_contracts, corporate_actions, sources, symbols

__all__ = [
    "INSTANT",
    "WORD",
    "archived_bars",
    "archived_prices",
    "backtest_equity",
    "backtest_jobs",
    "backtest_metrics",
    "backtest_results",
    "backtest_trades",
    "bar_flags",
    "bar_revisions",
    "bars",
    "broker_contracts",
    "collection_chunks",
    "collections",
    "corporate_actions",
    "daily_prices",
    "idempotency_keys",
    "imports",
    "metadata",
    "optimizations",
    "rejected_rows",
    "session_gaps",
    "sources",
    "strategies",
    "strategy_versions",
    "symbol_archives",
    "symbols",
    "trial_batches",
    "trials",
]
