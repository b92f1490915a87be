"""Intraday bars, and the scale that bars were told on.

What daily bars had to themselves - that they belong to symbols and sources, that a change counts as a revision - now
holds for both tables by the same functions. A change of the scale date alone is no revision.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_FIRST_YEAR, _LAST_YEAR = 2000, 2040

_TABLES = (
    """
    ALTER TABLE daily_prices
        ADD COLUMN scale_date DATE,
        ADD CONSTRAINT ck_daily_prices_scale_date CHECK (isfinite(scale_date))
    """,
    """
    ALTER TABLE bar_revisions ADD COLUMN scale_date DATE
    """,
    """
    CREATE TABLE bars (
        symbol_id INTEGER NOT NULL,
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
        source_id INTEGER NOT NULL,
        revision INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_bars PRIMARY KEY (symbol_id, interval, start_time),
        CONSTRAINT ck_bars_interval CHECK (interval BETWEEN 2 AND 6),
        CONSTRAINT ck_bars_start_time CHECK (isfinite(start_time)),
        CONSTRAINT ck_bars_session CHECK (isfinite(session)),
        CONSTRAINT ck_bars_prices CHECK (
            low > 0 AND low <= open AND low <= close AND open <= high AND close <= high AND high < 'Infinity'
        ),
        CONSTRAINT ck_bars_volume CHECK (volume >= 0 AND volume < 'Infinity'),
        CONSTRAINT ck_bars_revision CHECK (revision >= 0),
        CONSTRAINT ck_bars_scale_date CHECK (isfinite(scale_date))
    ) PARTITION BY RANGE (start_time)
    """,
    *(
        f"""
        CREATE TABLE bars_{year} PARTITION OF bars
        FOR VALUES FROM ('{year}-01-01 00:00+00') TO ('{year + 1}-01-01 00:00+00')
        """
        for year in range(_FIRST_YEAR, _LAST_YEAR + 1)
    ),
    """
    CREATE INDEX ix_bars_partial ON bars (symbol_id, interval, session) WHERE partial
    """,
    """
    CREATE TABLE bars_other PARTITION OF bars DEFAULT
    """,
)

_FUNCTIONS = (
    """
    DROP FUNCTION daily_prices_belong, daily_prices_count_revision, daily_prices_keep_revision CASCADE
    """,
    """
    CREATE FUNCTION bars_belong() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT symbol_id FROM written) AS named
            WHERE NOT EXISTS (SELECT FROM symbols WHERE id = named.symbol_id FOR KEY SHARE)
        ) THEN
            RAISE foreign_key_violation USING
                MESSAGE = TG_TABLE_NAME || ' names a symbol that does not exist',
                CONSTRAINT = format('fk_%s_symbol_id_symbols', TG_TABLE_NAME);
        END IF;
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT source_id FROM written) AS named
            WHERE NOT EXISTS (SELECT FROM sources WHERE id = named.source_id FOR KEY SHARE)
        ) THEN
            RAISE foreign_key_violation USING
                MESSAGE = TG_TABLE_NAME || ' names a source that does not exist',
                CONSTRAINT = format('fk_%s_source_id_sources', TG_TABLE_NAME);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION bars_count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.revision := OLD.revision + CASE WHEN
            (NEW.open, NEW.high, NEW.low, NEW.close, NEW.volume, NEW.partial, NEW.source_id)
            IS DISTINCT FROM (OLD.open, OLD.high, OLD.low, OLD.close, OLD.volume, OLD.partial, OLD.source_id)
        THEN 1 ELSE 0 END;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION daily_prices_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO bar_revisions (
            symbol_id, session, revision, open, high, low, close, volume, source_id, partial, scale_date
        )
        SELECT symbol_id, session, revision, open, high, low, close, volume, source_id, partial, scale_date
        FROM replaced
        WHERE NOT EXISTS (
            SELECT FROM written
            WHERE written.symbol_id = replaced.symbol_id AND written.session = replaced.session
            AND written.revision = replaced.revision
        );
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION symbols_take_bars_along() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM daily_prices WHERE symbol_id = OLD.id;
        DELETE FROM bars WHERE symbol_id = OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION sources_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM daily_prices WHERE source_id = OLD.id)
        OR EXISTS (SELECT FROM bars WHERE source_id = OLD.id) THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'a source of bars cannot be deleted',
                CONSTRAINT = 'fk_daily_prices_source_id_sources';
        END IF;
        RETURN NULL;
    END $$
    """,
)

_TRIGGERS = (
    """
    CREATE TRIGGER belong_on_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION bars_belong()
    """,
    """
    CREATE TRIGGER belong_on_update AFTER UPDATE ON {table}
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION bars_belong()
    """,
    """
    CREATE TRIGGER count_revision BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION bars_count_revision()
    """,
)

_KEEP_REVISION = """
CREATE TRIGGER keep_revision AFTER UPDATE ON daily_prices
REFERENCING OLD TABLE AS replaced NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION daily_prices_keep_revision()
"""


def upgrade() -> None:
    """Make the table with its partitions, and the rules of both."""
    for statement in (*_TABLES, *_FUNCTIONS):
        op.execute(statement)
    for table in ("daily_prices", "bars"):
        for trigger in _TRIGGERS:
            op.execute(trigger.format(table=table))
    op.execute(_KEEP_REVISION)
