"""Updates of many bars at once cost what they should.

The rules of a statement's rows see its old and its new rows as lists without an index. What joins them must be planned
for how many there are; PL/pgSQL keeps the plan it made for the first statement of a connection, and that of one row
compares each with each. And every pass over the list of a million rows is time, so one is enough.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_STATEMENTS = (
    """
    CREATE OR REPLACE FUNCTION daily_prices_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE '
            INSERT INTO bar_revisions (
                symbol_id, session, revision, open, high, low, close, volume, source_id, partial, scale_date
            )
            SELECT symbol_id, session, revision, open, high, low, close, volume, source_id, partial, scale_date
            FROM replaced
            WHERE NOT EXISTS (
                SELECT FROM written
                WHERE written.symbol_id = replaced.symbol_id AND written.session = replaced.session
                AND written.revision = replaced.revision
            )
        ';
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION bars_belong() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        named record;
    BEGIN
        FOR named IN SELECT DISTINCT symbol_id, source_id FROM written LOOP
            IF NOT EXISTS (SELECT FROM symbols WHERE id = named.symbol_id FOR KEY SHARE) THEN
                RAISE foreign_key_violation USING
                    MESSAGE = TG_TABLE_NAME || ' names a symbol that does not exist',
                    CONSTRAINT = format('fk_%s_symbol_id_symbols', TG_TABLE_NAME);
            END IF;
            IF NOT EXISTS (SELECT FROM sources WHERE id = named.source_id FOR KEY SHARE) THEN
                RAISE foreign_key_violation USING
                    MESSAGE = TG_TABLE_NAME || ' names a source that does not exist',
                    CONSTRAINT = format('fk_%s_source_id_sources', TG_TABLE_NAME);
            END IF;
        END LOOP;
        RETURN NULL;
    END $$
    """,
)


def upgrade() -> None:
    """Replace the functions behind the triggers."""
    for statement in _STATEMENTS:
        op.execute(statement)
