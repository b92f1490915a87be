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
from scizor.adapters.sql.tables.orders import (
    account_leases,
    account_postings,
    broker_orders,
    executions,
    order_events,
    orders,
)
from scizor.adapters.sql.tables.requests import idempotency_keys
from scizor.adapters.sql.tables.strategies import strategies, strategy_versions
from scizor.adapters.sql.tables.symbols import broker_contracts, corporate_actions, sources, symbols
from scizor.adapters.sql.tables.trading import (
    audit_log,
    deployment_moments,
    deployments,
    equity_marks,
    risk_events,
    risk_limits,
    trading_states,
)

__all__ = [
    "INSTANT",
    "WORD",
    "account_leases",
    "account_postings",
    "archived_bars",
    "archived_prices",
    "audit_log",
    "backtest_equity",
    "backtest_jobs",
    "backtest_metrics",
    "backtest_results",
    "backtest_trades",
    "bar_flags",
    "bar_revisions",
    "bars",
    "broker_contracts",
    "broker_orders",
    "collection_chunks",
    "collections",
    "corporate_actions",
    "daily_prices",
    "deployment_moments",
    "deployments",
    "equity_marks",
    "executions",
    "idempotency_keys",
    "imports",
    "metadata",
    "optimizations",
    "order_events",
    "orders",
    "rejected_rows",
    "risk_events",
    "risk_limits",
    "session_gaps",
    "sources",
    "strategies",
    "strategy_versions",
    "symbol_archives",
    "symbols",
    "trading_states",
    "trial_batches",
    "trials",
]
