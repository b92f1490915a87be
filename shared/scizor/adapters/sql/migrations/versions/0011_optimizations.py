"""Optimisations, and their trials."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_STATEMENTS = (
    """
    CREATE TABLE optimizations (
        id TEXT COLLATE "C" NOT NULL,
        key BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        family TEXT COLLATE "C" NOT NULL,
        spec JSON NOT NULL,
        sequence BIGINT NOT NULL,
        state SMALLINT NOT NULL,
        stage SMALLINT NOT NULL,
        done BIGINT NOT NULL,
        failed BIGINT NOT NULL,
        left_out BIGINT NOT NULL,
        total BIGINT NOT NULL,
        trials_per_second DOUBLE PRECISION NOT NULL,
        remaining_s DOUBLE PRECISION,
        attempts INTEGER NOT NULL,
        owner TEXT COLLATE "C",
        heartbeat_time TIMESTAMP WITH TIME ZONE,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        start_time TIMESTAMP WITH TIME ZONE,
        end_time TIMESTAMP WITH TIME ZONE,
        error_reason TEXT COLLATE "C",
        error_message TEXT,
        verdict JSON,
        CONSTRAINT pk_optimizations PRIMARY KEY (id),
        CONSTRAINT uq_optimizations_key UNIQUE (key),
        CONSTRAINT ck_optimizations_state CHECK (state BETWEEN 1 AND 6),
        CONSTRAINT ck_optimizations_stage CHECK (stage BETWEEN 0 AND 3),
        CONSTRAINT ck_optimizations_progress CHECK (
            sequence >= 0 AND done >= 0 AND failed BETWEEN 0 AND done AND left_out >= 0 AND total >= 0
            AND attempts >= 0
        ),
        CONSTRAINT ck_optimizations_running_has_owner CHECK (
            (state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)
        ),
        CONSTRAINT ck_optimizations_ended_has_time CHECK ((state >= 4) = (end_time IS NOT NULL)),
        CONSTRAINT ck_optimizations_failed_has_error CHECK (
            (state = 5) = (error_reason IS NOT NULL AND error_message IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX ix_optimizations_unfinished ON optimizations (id) WHERE state <= 3",
    "CREATE INDEX ix_optimizations_family ON optimizations (family)",
    """
    CREATE TABLE trial_batches (
        optimization_key BIGINT NOT NULL,
        first INTEGER NOT NULL,
        count INTEGER NOT NULL,
        sequence BIGINT NOT NULL,
        errors JSON NOT NULL,
        scores BYTEA STORAGE EXTERNAL NOT NULL,
        sums BYTEA STORAGE EXTERNAL NOT NULL,
        CONSTRAINT pk_trial_batches PRIMARY KEY (optimization_key, first),
        CONSTRAINT fk_trial_batches_optimization_key_optimizations FOREIGN KEY (optimization_key)
            REFERENCES optimizations (key) ON DELETE CASCADE,
        CONSTRAINT ck_trial_batches_numbers CHECK (first > 0 AND count > 0)
    )
    """,
    """
    CREATE TABLE trials (
        optimization_key BIGINT NOT NULL,
        number INTEGER NOT NULL,
        feasible BOOLEAN NOT NULL,
        failed BOOLEAN NOT NULL,
        signature BIGINT NOT NULL,
        codes DOUBLE PRECISION[] NOT NULL,
        final_equity DOUBLE PRECISION NOT NULL,
        total_return DOUBLE PRECISION NOT NULL,
        cagr DOUBLE PRECISION NOT NULL,
        volatility DOUBLE PRECISION NOT NULL,
        sharpe DOUBLE PRECISION NOT NULL,
        sortino DOUBLE PRECISION NOT NULL,
        calmar DOUBLE PRECISION NOT NULL,
        max_drawdown DOUBLE PRECISION NOT NULL,
        n_trades DOUBLE PRECISION NOT NULL,
        win_rate DOUBLE PRECISION NOT NULL,
        time_in_market DOUBLE PRECISION NOT NULL,
        commissions DOUBLE PRECISION NOT NULL,
        CONSTRAINT pk_trials PRIMARY KEY (optimization_key, number),
        CONSTRAINT fk_trials_optimization_key_optimizations FOREIGN KEY (optimization_key)
            REFERENCES optimizations (key) ON DELETE CASCADE,
        CONSTRAINT ck_trials_number CHECK (number > 0)
    )
    """,
)


def upgrade() -> None:
    """Add the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
