"""Symbols, daily bars and corporate actions."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    CREATE TABLE sources (
        id INTEGER GENERATED ALWAYS AS IDENTITY,
        name TEXT COLLATE "C" NOT NULL,
        CONSTRAINT pk_sources PRIMARY KEY (id),
        CONSTRAINT uq_sources UNIQUE (name)
    )
    """,
    """
    CREATE TABLE symbols (
        id INTEGER GENERATED ALWAYS AS IDENTITY,
        symbol TEXT COLLATE "C" NOT NULL,
        primary_exchange TEXT COLLATE "C" NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        exchange TEXT COLLATE "C" NOT NULL,
        name TEXT NOT NULL,
        asset_type SMALLINT NOT NULL,
        sector TEXT NOT NULL,
        "group" TEXT COLLATE "C" NOT NULL,
        active BOOLEAN NOT NULL,
        listed_date DATE,
        delisted_date DATE,
        last_verified TIMESTAMP WITH TIME ZONE,
        verified_result SMALLINT DEFAULT 0 NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        update_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        CONSTRAINT pk_symbols PRIMARY KEY (id),
        CONSTRAINT uq_symbols UNIQUE (symbol, primary_exchange, currency),
        CONSTRAINT ck_symbols_key CHECK (symbol <> '' AND primary_exchange <> ''),
        CONSTRAINT ck_symbols_currency CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_symbols_asset_type CHECK (asset_type BETWEEN 0 AND 2),
        CONSTRAINT ck_symbols_verified_result CHECK (verified_result BETWEEN 0 AND 3),
        CONSTRAINT ck_symbols_listing CHECK (listed_date <= delisted_date),
        CONSTRAINT ck_symbols_version CHECK (version > 0)
    )
    """,
    """
    CREATE TABLE daily_prices (
        symbol_id INTEGER NOT NULL,
        session DATE NOT NULL,
        open DOUBLE PRECISION NOT NULL,
        high DOUBLE PRECISION NOT NULL,
        low DOUBLE PRECISION NOT NULL,
        close DOUBLE PRECISION NOT NULL,
        volume DOUBLE PRECISION NOT NULL,
        source_id INTEGER NOT NULL,
        partial BOOLEAN NOT NULL,
        revision INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_daily_prices PRIMARY KEY (symbol_id, session),
        CONSTRAINT ck_daily_prices_prices CHECK (
            low > 0 AND low <= open AND low <= close AND open <= high AND close <= high AND high < 'Infinity'
        ),
        CONSTRAINT ck_daily_prices_volume CHECK (volume > 0 AND volume < 'Infinity'),
        CONSTRAINT ck_daily_prices_revision CHECK (revision >= 0),
        CONSTRAINT ck_daily_prices_session CHECK (isfinite(session))
    )
    """,
    """
    CREATE TABLE bar_revisions (
        symbol_id INTEGER NOT NULL,
        session DATE NOT NULL,
        revision INTEGER NOT NULL,
        open DOUBLE PRECISION NOT NULL,
        high DOUBLE PRECISION NOT NULL,
        low DOUBLE PRECISION NOT NULL,
        close DOUBLE PRECISION NOT NULL,
        volume DOUBLE PRECISION NOT NULL,
        source_id INTEGER NOT NULL,
        partial BOOLEAN NOT NULL,
        replace_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_bar_revisions PRIMARY KEY (symbol_id, session, revision),
        CONSTRAINT fk_bar_revisions_symbol_id_symbols FOREIGN KEY (symbol_id) REFERENCES symbols (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE corporate_actions (
        symbol_id INTEGER NOT NULL,
        type SMALLINT NOT NULL,
        ex_date DATE NOT NULL,
        value NUMERIC NOT NULL,
        pay_date DATE,
        source_id INTEGER NOT NULL,
        create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_corporate_actions PRIMARY KEY (symbol_id, type, ex_date),
        CONSTRAINT ck_corporate_actions_type CHECK (type BETWEEN 1 AND 2),
        CONSTRAINT ck_corporate_actions_value CHECK (value > 0 AND value < 'Infinity'),
        CONSTRAINT fk_corporate_actions_symbol_id_symbols FOREIGN KEY (symbol_id)
            REFERENCES symbols (id) ON DELETE CASCADE,
        CONSTRAINT fk_corporate_actions_source_id_sources FOREIGN KEY (source_id) REFERENCES sources (id)
    )
    """,
    """
    CREATE FUNCTION daily_prices_belong() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT symbol_id FROM written) AS named
            WHERE NOT EXISTS (SELECT FROM symbols WHERE id = named.symbol_id FOR KEY SHARE)
        ) THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'daily_prices names a symbol that does not exist',
                CONSTRAINT = 'fk_daily_prices_symbol_id_symbols';
        END IF;
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT source_id FROM written) AS named
            WHERE NOT EXISTS (SELECT FROM sources WHERE id = named.source_id FOR KEY SHARE)
        ) THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'daily_prices names a source that does not exist',
                CONSTRAINT = 'fk_daily_prices_source_id_sources';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER belong_on_insert AFTER INSERT ON daily_prices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION daily_prices_belong()
    """,
    """
    CREATE TRIGGER belong_on_update AFTER UPDATE ON daily_prices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION daily_prices_belong()
    """,
    """
    CREATE FUNCTION symbols_take_bars_along() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM daily_prices WHERE symbol_id = OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER take_bars_along AFTER DELETE ON symbols
    FOR EACH ROW EXECUTE FUNCTION symbols_take_bars_along()
    """,
    """
    CREATE FUNCTION sources_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM daily_prices WHERE source_id = OLD.id) THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'a source of daily_prices cannot be deleted',
                CONSTRAINT = 'fk_daily_prices_source_id_sources';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER stay AFTER DELETE ON sources FOR EACH ROW EXECUTE FUNCTION sources_stay()
    """,
    """
    CREATE FUNCTION daily_prices_count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.revision := OLD.revision + 1;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER count_revision BEFORE UPDATE ON daily_prices
    FOR EACH ROW EXECUTE FUNCTION daily_prices_count_revision()
    """,
    """
    CREATE FUNCTION daily_prices_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO bar_revisions (symbol_id, session, revision, open, high, low, close, volume, source_id, partial)
        SELECT symbol_id, session, revision, open, high, low, close, volume, source_id, partial FROM replaced;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER keep_revision AFTER UPDATE ON daily_prices
    REFERENCING OLD TABLE AS replaced FOR EACH STATEMENT EXECUTE FUNCTION daily_prices_keep_revision()
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
