"""What the broker knows of symbols, collections, what bars lack and what looks wrong in them, and archives."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_SYMBOLS = (
    """
    ALTER TABLE symbols
        ADD COLUMN verified_reason TEXT DEFAULT '' NOT NULL,
        ADD COLUMN contract_id BIGINT DEFAULT 0 NOT NULL,
        ADD COLUMN deactivate_time TIMESTAMP WITH TIME ZONE,
        ADD CONSTRAINT ck_symbols_contract_id CHECK (contract_id >= 0),
        ADD CONSTRAINT ck_symbols_deactivated CHECK (deactivate_time IS NULL OR NOT active)
    """,
    """
    CREATE TABLE broker_contracts (
        symbol_id INTEGER NOT NULL,
        con_id BIGINT NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        primary_exchange TEXT COLLATE "C" NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        exchange TEXT COLLATE "C" NOT NULL,
        name TEXT NOT NULL,
        asset_type SMALLINT NOT NULL,
        min_tick NUMERIC NOT NULL,
        time_zone TEXT COLLATE "C" NOT NULL,
        origins JSON NOT NULL,
        resolve_time TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_broker_contracts PRIMARY KEY (symbol_id),
        CONSTRAINT ck_broker_contracts_con_id CHECK (con_id > 0),
        CONSTRAINT ck_broker_contracts_asset_type CHECK (asset_type BETWEEN 0 AND 2),
        CONSTRAINT ck_broker_contracts_min_tick CHECK (min_tick >= 0 AND min_tick < 'Infinity'),
        CONSTRAINT fk_broker_contracts_symbol_id_symbols FOREIGN KEY (symbol_id)
            REFERENCES symbols (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE session_gaps (
        symbol_id INTEGER NOT NULL,
        interval SMALLINT NOT NULL,
        session DATE NOT NULL,
        state SMALLINT NOT NULL,
        reason TEXT NOT NULL,
        mark_time TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_session_gaps PRIMARY KEY (symbol_id, interval, session),
        CONSTRAINT ck_session_gaps_interval CHECK (interval BETWEEN 1 AND 6),
        CONSTRAINT ck_session_gaps_session CHECK (isfinite(session)),
        CONSTRAINT ck_session_gaps_state CHECK (state BETWEEN 3 AND 5),
        CONSTRAINT fk_session_gaps_symbol_id_symbols FOREIGN KEY (symbol_id)
            REFERENCES symbols (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE bar_flags (
        symbol_id INTEGER NOT NULL,
        kind SMALLINT NOT NULL,
        session DATE NOT NULL,
        detail TEXT NOT NULL,
        ratio DOUBLE PRECISION NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_bar_flags PRIMARY KEY (symbol_id, kind, session),
        CONSTRAINT ck_bar_flags_kind CHECK (kind BETWEEN 1 AND 2),
        CONSTRAINT ck_bar_flags_session CHECK (isfinite(session)),
        CONSTRAINT ck_bar_flags_ratio CHECK (ratio >= 0 AND ratio < 'Infinity'),
        CONSTRAINT fk_bar_flags_symbol_id_symbols FOREIGN KEY (symbol_id) REFERENCES symbols (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_bar_flags_create_time ON bar_flags (create_time)
    """,
)

_COLLECTIONS = (
    """
    CREATE TABLE collections (
        id TEXT COLLATE "C" NOT NULL,
        kind SMALLINT NOT NULL,
        interval SMALLINT NOT NULL,
        symbols TEXT[] COLLATE "C" NOT NULL,
        primary_exchange TEXT COLLATE "C" NOT NULL,
        start_date DATE,
        end_date DATE,
        refresh BOOLEAN NOT NULL,
        sequence BIGINT NOT NULL,
        state SMALLINT NOT NULL,
        symbols_total BIGINT NOT NULL,
        symbols_done BIGINT NOT NULL,
        symbols_complete BIGINT NOT NULL,
        chunks_total BIGINT NOT NULL,
        chunks_done BIGINT NOT NULL,
        chunks_failed BIGINT NOT NULL,
        requests BIGINT NOT NULL,
        bars_received BIGINT NOT NULL,
        new_bars BIGINT NOT NULL,
        bars_updated BIGINT NOT NULL,
        bars_rejected BIGINT NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        remaining_s DOUBLE PRECISION,
        planned BOOLEAN DEFAULT false NOT NULL,
        owner TEXT COLLATE "C",
        heartbeat_time TIMESTAMP WITH TIME ZONE,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        start_time TIMESTAMP WITH TIME ZONE,
        end_time TIMESTAMP WITH TIME ZONE,
        error_reason TEXT COLLATE "C",
        error_message TEXT,
        CONSTRAINT pk_collections PRIMARY KEY (id),
        CONSTRAINT ck_collections_kind CHECK (kind BETWEEN 1 AND 3),
        CONSTRAINT ck_collections_interval CHECK (interval BETWEEN 1 AND 6),
        CONSTRAINT ck_collections_sessions CHECK (start_date <= end_date),
        CONSTRAINT ck_collections_state CHECK (state BETWEEN 1 AND 6),
        CONSTRAINT ck_collections_progress CHECK (
            least(sequence, symbols_total, symbols_done, symbols_complete, chunks_total, chunks_done, chunks_failed,
                requests, bars_received, new_bars, bars_updated, bars_rejected) >= 0
        ),
        CONSTRAINT ck_collections_running_has_owner CHECK (
            (state = 2) <= (owner IS NOT NULL AND heartbeat_time IS NOT NULL)
        ),
        CONSTRAINT ck_collections_ended_has_time CHECK ((state >= 3) = (end_time IS NOT NULL)),
        CONSTRAINT ck_collections_failed_has_error CHECK (
            (state = 5) = (error_reason IS NOT NULL AND error_message IS NOT NULL)
        )
    )
    """,
    """
    CREATE INDEX ix_collections_unfinished ON collections (id) WHERE state <= 2
    """,
    """
    CREATE TABLE collection_chunks (
        collection_id TEXT COLLATE "C" NOT NULL,
        number INTEGER NOT NULL,
        symbol_id INTEGER NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        interval SMALLINT NOT NULL,
        first_session DATE NOT NULL,
        last_session DATE NOT NULL,
        sessions INTEGER NOT NULL,
        state SMALLINT NOT NULL,
        attempts INTEGER NOT NULL,
        failure_category SMALLINT,
        failure_code BIGINT,
        failure_message TEXT,
        next_try TIMESTAMP WITH TIME ZONE,
        bars_received BIGINT NOT NULL,
        new_bars BIGINT NOT NULL,
        end_time TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_collection_chunks PRIMARY KEY (collection_id, number),
        CONSTRAINT ck_collection_chunks_interval CHECK (interval BETWEEN 1 AND 6),
        CONSTRAINT ck_collection_chunks_sessions CHECK (first_session <= last_session),
        CONSTRAINT ck_collection_chunks_state CHECK (state BETWEEN 1 AND 4),
        CONSTRAINT ck_collection_chunks_counts CHECK (
            least(number, sessions, attempts, bars_received, new_bars) >= 0
        ),
        CONSTRAINT ck_collection_chunks_failure CHECK (
            num_nulls(failure_category, failure_code, failure_message) IN (0, 3)
        ),
        CONSTRAINT ck_collection_chunks_failure_category CHECK (failure_category BETWEEN 1 AND 9),
        CONSTRAINT fk_collection_chunks_collection_id_collections FOREIGN KEY (collection_id)
            REFERENCES collections (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_collection_chunks_pending ON collection_chunks (collection_id, number) WHERE state = 1
    """,
)

_IMPORTS_OF_SEVERAL_SOURCES = (
    """
    ALTER TABLE rejected_rows ADD COLUMN source_id INTEGER, DROP CONSTRAINT fk_rejected_rows_import_id_imports
    """,
    """
    UPDATE rejected_rows SET source_id = imports.source_id FROM imports WHERE imports.id = import_id
    """,
    """
    ALTER TABLE imports DROP CONSTRAINT pk_imports, ADD CONSTRAINT pk_imports PRIMARY KEY (id, source_id)
    """,
    """
    ALTER TABLE rejected_rows
        ALTER COLUMN source_id SET NOT NULL,
        ADD CONSTRAINT fk_rejected_rows_import_id_imports FOREIGN KEY (import_id, source_id)
            REFERENCES imports (id, source_id) ON DELETE CASCADE
    """,
)

_ARCHIVES = (
    """
    CREATE TABLE symbol_archives (
        id TEXT COLLATE "C" NOT NULL,
        symbol TEXT COLLATE "C" NOT NULL,
        primary_exchange TEXT COLLATE "C" NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        details JSON NOT NULL,
        reason TEXT NOT NULL,
        archive_time TIMESTAMP WITH TIME ZONE NOT NULL,
        bars BIGINT NOT NULL,
        intraday_bars BIGINT NOT NULL,
        first_session DATE,
        last_session DATE,
        CONSTRAINT pk_symbol_archives PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX ix_symbol_archives_symbol ON symbol_archives (symbol)
    """,
    """
    CREATE TABLE archived_prices (
        archive_id TEXT COLLATE "C" NOT NULL,
        session DATE NOT NULL,
        revision INTEGER NOT NULL,
        open DOUBLE PRECISION NOT NULL,
        high DOUBLE PRECISION NOT NULL,
        low DOUBLE PRECISION NOT NULL,
        close DOUBLE PRECISION NOT NULL,
        volume DOUBLE PRECISION NOT NULL,
        partial BOOLEAN NOT NULL,
        scale_date DATE,
        source TEXT COLLATE "C" NOT NULL,
        replace_time TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_archived_prices PRIMARY KEY (archive_id, session, revision),
        CONSTRAINT fk_archived_prices_archive_id_symbol_archives FOREIGN KEY (archive_id)
            REFERENCES symbol_archives (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE archived_bars (
        archive_id TEXT COLLATE "C" NOT NULL,
        interval SMALLINT NOT NULL,
        start_time TIMESTAMP WITH TIME ZONE NOT NULL,
        session DATE NOT NULL,
        open DOUBLE PRECISION NOT NULL,
        high DOUBLE PRECISION NOT NULL,
        low DOUBLE PRECISION NOT NULL,
        close DOUBLE PRECISION NOT NULL,
        volume DOUBLE PRECISION NOT NULL,
        partial BOOLEAN NOT NULL,
        scale_date DATE,
        source TEXT COLLATE "C" NOT NULL,
        revision INTEGER NOT NULL,
        CONSTRAINT pk_archived_bars PRIMARY KEY (archive_id, interval, start_time),
        CONSTRAINT fk_archived_bars_archive_id_symbol_archives FOREIGN KEY (archive_id)
            REFERENCES symbol_archives (id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in (*_SYMBOLS, *_COLLECTIONS, *_IMPORTS_OF_SEVERAL_SOURCES, *_ARCHIVES):
        op.execute(statement)
