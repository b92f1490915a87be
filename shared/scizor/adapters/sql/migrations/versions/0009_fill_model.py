"""What a backtest may be asked for, and what it tells, since the engine knows orders, accounts and financing.

What was asked before ran without interest and borrow fees; its trades came of weights, and their ends are known.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_STATEMENTS = (
    """
    ALTER TABLE backtest_jobs
        ADD COLUMN bar_interval SMALLINT DEFAULT 1 NOT NULL,
        ADD COLUMN account SMALLINT DEFAULT 2 NOT NULL,
        ADD COLUMN fill_timing SMALLINT DEFAULT 1 NOT NULL,
        ADD COLUMN path SMALLINT DEFAULT 1 NOT NULL,
        ADD COLUMN limit_fills SMALLINT DEFAULT 1 NOT NULL,
        ADD COLUMN commission JSON,
        ADD COLUMN slippage JSON,
        ADD COLUMN max_participation DOUBLE PRECISION DEFAULT 0 NOT NULL,
        ADD COLUMN cash_buffer DOUBLE PRECISION DEFAULT 0 NOT NULL,
        ADD COLUMN no_financing BOOLEAN DEFAULT true NOT NULL,
        ADD COLUMN benchmark TEXT COLLATE "C" DEFAULT '' NOT NULL,
        ADD CONSTRAINT ck_backtest_jobs_choices CHECK (
            bar_interval BETWEEN 1 AND 6 AND account BETWEEN 1 AND 3 AND fill_timing BETWEEN 1 AND 3
            AND path BETWEEN 1 AND 5 AND limit_fills BETWEEN 1 AND 2
        ),
        ADD CONSTRAINT ck_backtest_jobs_fractions CHECK (
            max_participation BETWEEN 0 AND 1 AND cash_buffer >= 0 AND cash_buffer < 1
        )
    """,
    """
    ALTER TABLE backtest_results
        ADD COLUMN costs JSON DEFAULT '{}' NOT NULL,
        ADD COLUMN ambiguity JSON DEFAULT '{}' NOT NULL,
        ADD COLUMN counts JSON DEFAULT '{}' NOT NULL
    """,
    """
    UPDATE backtest_results
    SET costs = json_build_object('commission', -commission_paid, 'slippage', -slippage_paid)
    """,
    """
    ALTER TABLE backtest_metrics
        ADD COLUMN ci_low DOUBLE PRECISION,
        ADD COLUMN ci_high DOUBLE PRECISION,
        ADD COLUMN undefined_reason TEXT
    """,
    """
    ALTER TABLE backtest_trades
        ADD COLUMN entry_reason SMALLINT DEFAULT 2 NOT NULL,
        ADD COLUMN exit_reason SMALLINT DEFAULT 2 NOT NULL,
        ADD COLUMN mae DOUBLE PRECISION,
        ADD COLUMN mfe DOUBLE PRECISION,
        ADD COLUMN dividends DOUBLE PRECISION DEFAULT 0 NOT NULL,
        ADD COLUMN conversion_cost DOUBLE PRECISION DEFAULT 0 NOT NULL,
        ADD COLUMN entry_time TIMESTAMP WITH TIME ZONE,
        ADD COLUMN exit_time TIMESTAMP WITH TIME ZONE,
        ADD CONSTRAINT ck_backtest_trades_reasons CHECK (
            entry_reason BETWEEN 1 AND 8 AND exit_reason BETWEEN 1 AND 8
        )
    """,
    "UPDATE backtest_trades SET exit_reason = 8 WHERE closed_at_end",
    "ALTER TABLE backtest_equity ADD COLUMN close_ns BIGINT[] DEFAULT '{}' NOT NULL",
)
# Only what was there before has these values by default; what is new says what it has.
_DEFAULTS = {
    "backtest_jobs": (
        "bar_interval",
        "account",
        "fill_timing",
        "path",
        "limit_fills",
        "max_participation",
        "cash_buffer",
        "no_financing",
        "benchmark",
    ),
    "backtest_results": ("costs", "ambiguity", "counts"),
    "backtest_trades": ("entry_reason", "exit_reason", "dividends", "conversion_cost"),
    "backtest_equity": ("close_ns",),
}


def upgrade() -> None:
    """Add the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, columns in _DEFAULTS.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"ALTER COLUMN {column} DROP DEFAULT" for column in columns))
