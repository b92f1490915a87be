"""Backtests and their results."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """
    CREATE TABLE backtest_jobs (
        id TEXT COLLATE "C" NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        parameters JSON NOT NULL,
        symbols TEXT[] COLLATE "C" NOT NULL,
        start_date DATE,
        end_date DATE,
        initial_capital NUMERIC NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        commission_bps DOUBLE PRECISION NOT NULL,
        slippage_bps DOUBLE PRECISION NOT NULL,
        sizing SMALLINT NOT NULL,
        adjustment SMALLINT NOT NULL,
        title TEXT NOT NULL,
        keep_open_at_end BOOLEAN NOT NULL,
        sequence BIGINT NOT NULL,
        state SMALLINT NOT NULL,
        stage SMALLINT NOT NULL,
        bars_done BIGINT NOT NULL,
        bars_total BIGINT NOT NULL,
        bars_per_second DOUBLE PRECISION NOT NULL,
        remaining_s DOUBLE PRECISION,
        owner TEXT COLLATE "C",
        heartbeat_time TIMESTAMP WITH TIME ZONE,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        start_time TIMESTAMP WITH TIME ZONE,
        end_time TIMESTAMP WITH TIME ZONE,
        error_reason TEXT COLLATE "C",
        error_message TEXT,
        CONSTRAINT pk_backtest_jobs PRIMARY KEY (id),
        CONSTRAINT ck_backtest_jobs_state CHECK (state BETWEEN 1 AND 5),
        CONSTRAINT ck_backtest_jobs_stage CHECK (stage BETWEEN 0 AND 3),
        CONSTRAINT ck_backtest_jobs_sizing CHECK (sizing BETWEEN 1 AND 2),
        CONSTRAINT ck_backtest_jobs_adjustment CHECK (adjustment BETWEEN 1 AND 3),
        CONSTRAINT ck_backtest_jobs_initial_capital CHECK (
            initial_capital > 0 AND initial_capital < 'Infinity'
        ),
        CONSTRAINT ck_backtest_jobs_sessions CHECK (start_date <= end_date),
        CONSTRAINT ck_backtest_jobs_progress CHECK (sequence >= 0 AND bars_done >= 0 AND bars_total >= 0),
        CONSTRAINT ck_backtest_jobs_running_has_owner CHECK (
            (state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)
        ),
        CONSTRAINT ck_backtest_jobs_ended_has_time CHECK ((state >= 3) = (end_time IS NOT NULL)),
        CONSTRAINT ck_backtest_jobs_failed_has_error CHECK (
            (state = 4) = (error_reason IS NOT NULL AND error_message IS NOT NULL)
        )
    )
    """,
    """
    CREATE INDEX ix_backtest_jobs_unfinished ON backtest_jobs (id) WHERE state <= 2
    """,
    """
    CREATE TABLE backtest_results (
        backtest_id TEXT COLLATE "C" NOT NULL,
        warnings TEXT[] NOT NULL,
        fingerprint TEXT COLLATE "C" NOT NULL,
        engine_version TEXT COLLATE "C" NOT NULL,
        first_session TEXT COLLATE "C" NOT NULL,
        last_session TEXT COLLATE "C" NOT NULL,
        sessions BIGINT NOT NULL,
        bars BIGINT NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        initial_capital DOUBLE PRECISION NOT NULL,
        final_equity DOUBLE PRECISION NOT NULL,
        commission_paid DOUBLE PRECISION NOT NULL,
        slippage_paid DOUBLE PRECISION NOT NULL,
        trades BIGINT NOT NULL,
        compute_seconds DOUBLE PRECISION NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_backtest_results PRIMARY KEY (backtest_id),
        CONSTRAINT ck_backtest_results_counts CHECK (sessions >= 0 AND bars >= 0 AND trades >= 0),
        CONSTRAINT fk_backtest_results_backtest_id_backtest_jobs FOREIGN KEY (backtest_id)
            REFERENCES backtest_jobs (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE backtest_metrics (
        backtest_id TEXT COLLATE "C" NOT NULL,
        place SMALLINT NOT NULL,
        name TEXT COLLATE "C" NOT NULL,
        value DOUBLE PRECISION,
        convention TEXT COLLATE "C" NOT NULL,
        n BIGINT NOT NULL,
        unit TEXT COLLATE "C" NOT NULL,
        CONSTRAINT pk_backtest_metrics PRIMARY KEY (backtest_id, place),
        CONSTRAINT fk_backtest_metrics_backtest_id_backtest_results FOREIGN KEY (backtest_id)
            REFERENCES backtest_results (backtest_id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE backtest_trades (
        backtest_id TEXT COLLATE "C" NOT NULL,
        number INTEGER NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        direction SMALLINT NOT NULL,
        quantity DOUBLE PRECISION NOT NULL,
        entry_session DATE NOT NULL,
        exit_session DATE NOT NULL,
        entry_price DOUBLE PRECISION NOT NULL,
        exit_price DOUBLE PRECISION NOT NULL,
        commission DOUBLE PRECISION NOT NULL,
        gross_pnl DOUBLE PRECISION NOT NULL,
        net_pnl DOUBLE PRECISION NOT NULL,
        return_fraction DOUBLE PRECISION NOT NULL,
        sessions_held INTEGER NOT NULL,
        closed_at_end BOOLEAN NOT NULL,
        CONSTRAINT pk_backtest_trades PRIMARY KEY (backtest_id, number),
        CONSTRAINT ck_backtest_trades_direction CHECK (direction BETWEEN 1 AND 2),
        CONSTRAINT ck_backtest_trades_quantity CHECK (quantity > 0 AND quantity < 'Infinity'),
        CONSTRAINT ck_backtest_trades_sessions CHECK (entry_session <= exit_session AND sessions_held >= 0),
        CONSTRAINT fk_backtest_trades_backtest_id_backtest_results FOREIGN KEY (backtest_id)
            REFERENCES backtest_results (backtest_id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE backtest_equity (
        backtest_id TEXT COLLATE "C" NOT NULL,
        days INTEGER[] NOT NULL,
        equity DOUBLE PRECISION[] NOT NULL,
        cash DOUBLE PRECISION[] NOT NULL,
        drawdown DOUBLE PRECISION[] NOT NULL,
        exposure DOUBLE PRECISION[] NOT NULL,
        CONSTRAINT pk_backtest_equity PRIMARY KEY (backtest_id),
        CONSTRAINT ck_backtest_equity_lengths CHECK (
            cardinality(equity) = cardinality(days) AND cardinality(cash) = cardinality(days)
            AND cardinality(drawdown) = cardinality(days) AND cardinality(exposure) = cardinality(days)
        ),
        CONSTRAINT fk_backtest_equity_backtest_id_backtest_results FOREIGN KEY (backtest_id)
            REFERENCES backtest_results (backtest_id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
