"""The one way into the journal of orders: a batch in one statement, under a lease, whole or not at all."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

# SQLSTATEs of our own: SZ001 the lease is another's, SZ002 the batch does not follow what is stored, SZ003 a request
# was answered already. Rows are changed one by one, by their key: a join would be planned for a size it never has.
_APPEND = """
CREATE FUNCTION append_to_journal(of_account TEXT, lease TEXT, held BIGINT, first BIGINT, batch JSONB)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    one RECORD;
    stored BIGINT;
BEGIN
    PERFORM FROM account_leases WHERE name = lease AND epoch = held FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'SZ001', MESSAGE = 'the lease ' || lease || ' is another''s';
    END IF;
    IF batch ? 'events' THEN
        IF coalesce((SELECT max(sequence) FROM order_events WHERE account = of_account), 0) <> first - 1 THEN
            RAISE EXCEPTION USING ERRCODE = 'SZ002', MESSAGE = 'the journal does not go on with ' || first;
        END IF;
        INSERT INTO order_events (account, sequence, order_id, order_sequence, time, source, kind, payload)
        SELECT of_account, given.sequence, order_id, order_sequence, time, source, kind, payload
        FROM jsonb_to_recordset(batch -> 'events') AS given (
            sequence BIGINT, order_id UUID, order_sequence INTEGER, time TIMESTAMPTZ, source SMALLINT, kind SMALLINT,
            payload JSONB
        );
    END IF;
    IF batch ? 'placed' THEN
        INSERT INTO orders (
            id, account, client_order_id, instrument, side, strategy_id, deployment_id, origin, "group", parent_id,
            number, state, end_state, create_time, update_time, end_time, sequence
        )
        SELECT
            id, of_account, client_order_id, instrument, side, strategy_id, deployment_id, origin, "group", parent_id,
            number, state, CASE WHEN end_time IS NOT NULL THEN state END, create_time, update_time, end_time,
            given.sequence
        FROM jsonb_populate_recordset(NULL::orders, batch -> 'placed') AS given;
    END IF;
    FOR one IN
        SELECT * FROM jsonb_to_recordset(batch -> 'moved') AS given (
            id UUID, after INTEGER, sequence INTEGER, state SMALLINT, update_time TIMESTAMPTZ, end_time TIMESTAMPTZ,
            opened BOOLEAN
        )
    LOOP
        UPDATE orders SET
            sequence = one.sequence, state = one.state, update_time = one.update_time,
            end_state = CASE WHEN one.end_time IS NOT NULL THEN one.state END,
            end_time = CASE WHEN one.opened OR one.end_time IS NULL THEN one.end_time
                       ELSE coalesce(orders.end_time, one.end_time) END
        WHERE id = one.id AND account = of_account AND orders.sequence = one.after;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'SZ002', MESSAGE = 'order ' || one.id || ' is not as the batch has it';
        END IF;
    END LOOP;
    IF batch ? 'executions' THEN
        INSERT INTO executions (
            order_id, root_id, revision, exec_id, account, instrument, side, quantity, price, time, commission,
            currency, busted, reconciled, strategy_id, deployment_id
        )
        SELECT
            order_id, root_id, revision, exec_id, of_account, instrument, side, quantity, price, time, commission,
            currency, busted, reconciled, strategy_id, deployment_id
        FROM jsonb_populate_recordset(NULL::executions, batch -> 'executions')
        ON CONFLICT (order_id, root_id) DO UPDATE SET
            revision = excluded.revision, exec_id = excluded.exec_id, instrument = excluded.instrument,
            side = excluded.side, quantity = excluded.quantity, price = excluded.price, time = excluded.time,
            commission = excluded.commission, currency = excluded.currency, busted = excluded.busted,
            reconciled = CASE WHEN excluded.revision > executions.revision THEN excluded.reconciled
                         ELSE executions.reconciled END;
    END IF;
    IF batch ? 'identified' THEN
        INSERT INTO broker_orders (order_id, broker_id)
        SELECT order_id, broker_id FROM jsonb_populate_recordset(NULL::broker_orders, batch -> 'identified')
        ON CONFLICT DO NOTHING;
    END IF;
    IF batch ? 'postings' THEN
        INSERT INTO account_postings (account, kind, time, instrument, shares, price, ratio, currency, amount, note)
        SELECT of_account, kind, time, instrument, shares, price, ratio, currency, amount, note
        FROM jsonb_populate_recordset(NULL::account_postings, batch -> 'postings');
    END IF;
    IF batch ? 'answers' THEN
        INSERT INTO idempotency_keys (method, request_id, body_hash, answer)
        SELECT method, request_id, decode(body_hash, 'base64'), decode(answer, 'base64')
        FROM jsonb_to_recordset(batch -> 'answers') AS given (
            method TEXT, request_id TEXT, body_hash TEXT, answer TEXT
        )
        ON CONFLICT (method, request_id) DO UPDATE SET answer = excluded.answer
        WHERE idempotency_keys.answer IS NULL AND idempotency_keys.body_hash = excluded.body_hash;
        GET DIAGNOSTICS stored = ROW_COUNT;
        IF stored <> jsonb_array_length(batch -> 'answers') THEN
            RAISE EXCEPTION USING ERRCODE = 'SZ003', MESSAGE = 'a request was answered already';
        END IF;
        DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM idempotency_keys WHERE create_time < now() - interval '7 days'
            ORDER BY create_time LIMIT 2 * stored FOR UPDATE SKIP LOCKED
        ));
    END IF;
    IF batch ? 'audit' THEN
        INSERT INTO audit_log (time, account, actor, source, action, subject, before, after)
        SELECT time, account, actor, source, action, subject, before, after
        FROM jsonb_populate_recordset(NULL::audit_log, batch -> 'audit');
    END IF;
END $$
"""


def upgrade() -> None:
    """Add the function."""
    op.execute(_APPEND)
