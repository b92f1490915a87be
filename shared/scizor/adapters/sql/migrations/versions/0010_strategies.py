"""Stored strategies, and the code, the priority and the caller of a backtest.

Only what is new: a service that does not know of it goes on. What ran before ran what came with the system.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = (
    """
    CREATE TABLE strategies (
        id TEXT COLLATE "C" NOT NULL,
        title TEXT NOT NULL,
        description TEXT NOT NULL,
        tags TEXT[] COLLATE "C" NOT NULL,
        newest INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        update_time TIMESTAMP WITH TIME ZONE NOT NULL,
        delete_time TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_strategies PRIMARY KEY (id),
        CONSTRAINT ck_strategies_id CHECK (id ~ '^[a-z][a-z0-9_]{0,63}$'),
        CONSTRAINT ck_strategies_numbers CHECK (newest > 0 AND revision > 0)
    )
    """,
    """
    CREATE TABLE strategy_versions (
        strategy_id TEXT COLLATE "C" NOT NULL,
        number INTEGER NOT NULL,
        source TEXT NOT NULL,
        code_hash TEXT COLLATE "C" NOT NULL,
        declared_id TEXT COLLATE "C" NOT NULL,
        class_name TEXT COLLATE "C" NOT NULL,
        kind SMALLINT NOT NULL,
        description TEXT NOT NULL,
        parameters JSON NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_strategy_versions PRIMARY KEY (strategy_id, number),
        CONSTRAINT fk_strategy_versions_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES strategies (id),
        CONSTRAINT ck_strategy_versions_number CHECK (number > 0),
        CONSTRAINT ck_strategy_versions_kind CHECK (kind BETWEEN 1 AND 2),
        CONSTRAINT ck_strategy_versions_code_hash CHECK (code_hash ~ '^[0-9a-f]{64}$')
    )
    """,
    """
    ALTER TABLE backtest_jobs
        ADD COLUMN strategy_version INTEGER,
        ADD COLUMN code_hash TEXT COLLATE "C" DEFAULT '' NOT NULL,
        ADD COLUMN priority SMALLINT DEFAULT 5 NOT NULL,
        ADD COLUMN caller TEXT COLLATE "C" DEFAULT '' NOT NULL,
        ADD CONSTRAINT ck_backtest_jobs_priority CHECK (priority BETWEEN 0 AND 9),
        ADD CONSTRAINT ck_backtest_jobs_code CHECK ((strategy_version IS NULL) = (code_hash = '')),
        ADD CONSTRAINT fk_backtest_jobs_strategy_version FOREIGN KEY (strategy_id, strategy_version)
            REFERENCES strategy_versions (strategy_id, number)
    """,
    "CREATE INDEX ix_backtest_results_fingerprint ON backtest_results (fingerprint)",
    # A split that leaves less than a share ends a trade, too.
    """
    ALTER TABLE backtest_trades
        DROP CONSTRAINT ck_backtest_trades_reasons,
        ADD CONSTRAINT ck_backtest_trades_reasons CHECK (
            entry_reason BETWEEN 1 AND 9 AND exit_reason BETWEEN 1 AND 9
        )
    """,
)


def upgrade() -> None:
    """Add the tables and columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
