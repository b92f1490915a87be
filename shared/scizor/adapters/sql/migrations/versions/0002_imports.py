"""Imports and the rows they kept aside."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """
    CREATE TABLE imports (
        id TEXT COLLATE "C" NOT NULL,
        verdict SMALLINT NOT NULL,
        rows_read BIGINT NOT NULL,
        rows_inserted BIGINT NOT NULL,
        rows_updated BIGINT NOT NULL,
        rows_unchanged BIGINT NOT NULL,
        rows_rejected BIGINT NOT NULL,
        rejected_by_rule JSON NOT NULL,
        source_id INTEGER NOT NULL,
        symbols TEXT[] COLLATE "C" NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_imports PRIMARY KEY (id),
        CONSTRAINT ck_imports_verdict CHECK (verdict BETWEEN 1 AND 3),
        CONSTRAINT ck_imports_row_counts CHECK (
            least(rows_read, rows_inserted, rows_updated, rows_unchanged, rows_rejected) >= 0
        ),
        CONSTRAINT fk_imports_source_id_sources FOREIGN KEY (source_id) REFERENCES sources (id)
    )
    """,
    """
    CREATE INDEX ix_imports_symbols ON imports USING gin (symbols)
    """,
    """
    CREATE TABLE rejected_rows (
        import_id TEXT COLLATE "C" NOT NULL,
        row_number BIGINT NOT NULL,
        rule SMALLINT NOT NULL,
        detail TEXT NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        session TEXT NOT NULL,
        raw TEXT NOT NULL,
        CONSTRAINT pk_rejected_rows PRIMARY KEY (import_id, row_number),
        CONSTRAINT ck_rejected_rows_row_number CHECK (row_number >= 0),
        CONSTRAINT ck_rejected_rows_rule CHECK (rule BETWEEN 1 AND 12),
        CONSTRAINT fk_rejected_rows_import_id_imports FOREIGN KEY (import_id)
            REFERENCES imports (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_rejected_rows_symbol ON rejected_rows (symbol)
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
