"""Orders and their journal, and what else is stored of trading.

Only what is new: a service that does not know of it goes on.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_STATEMENTS = (
    """
    CREATE TABLE orders (
        id UUID NOT NULL,
        account TEXT COLLATE "C" NOT NULL,
        client_order_id TEXT COLLATE "C" NOT NULL,
        instrument TEXT COLLATE "C" NOT NULL,
        side SMALLINT NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        deployment_id TEXT COLLATE "C" NOT NULL,
        origin SMALLINT NOT NULL,
        "group" TEXT COLLATE "C" NOT NULL,
        parent_id UUID,
        number BIGINT NOT NULL,
        state SMALLINT NOT NULL,
        end_state SMALLINT,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        update_time TIMESTAMP WITH TIME ZONE NOT NULL,
        end_time TIMESTAMP WITH TIME ZONE,
        sequence INTEGER NOT NULL,
        CONSTRAINT pk_orders PRIMARY KEY (id),
        CONSTRAINT ck_orders_side CHECK (side IN (1, -1)),
        CONSTRAINT ck_orders_origin CHECK (origin BETWEEN 1 AND 2),
        CONSTRAINT ck_orders_state CHECK (state BETWEEN 1 AND 12),
        CONSTRAINT ck_orders_numbers CHECK (number >= 0 AND sequence > 0),
        CONSTRAINT ck_orders_end CHECK (
            (end_state IS NULL) = (end_time IS NULL) AND coalesce(end_state, state) = state
        )
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE INDEX ix_orders_end_state ON orders (account, end_state, create_time, id)
        WHERE end_state IS NOT NULL
    """,
    "CREATE INDEX ix_orders_end_time ON orders (account, end_time) WHERE end_time IS NOT NULL",
    "CREATE INDEX ix_orders_external ON orders (account, create_time, id) WHERE origin = 2",
    "CREATE INDEX ix_orders_instrument ON orders (account, instrument, create_time, id)",
    "CREATE INDEX ix_orders_open ON orders (account, create_time, id) WHERE end_time IS NULL",
    """
    CREATE INDEX ix_orders_strategy_id ON orders (account, strategy_id, create_time, id)
        WHERE strategy_id <> ''
    """,
    "CREATE INDEX ix_orders_time ON orders (account, create_time, id)",
    """
    CREATE UNIQUE INDEX uq_orders_client_order_id ON orders (account, client_order_id)
        WHERE client_order_id <> ''
    """,
    "CREATE UNIQUE INDEX uq_orders_number ON orders (number) WHERE number > 0",
    """
    CREATE TABLE order_events (
        account TEXT COLLATE "C" NOT NULL,
        sequence BIGINT NOT NULL,
        order_id UUID NOT NULL,
        order_sequence INTEGER NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        source SMALLINT NOT NULL,
        kind SMALLINT NOT NULL,
        payload JSONB NOT NULL,
        CONSTRAINT pk_order_events PRIMARY KEY (account, sequence),
        CONSTRAINT uq_order_events UNIQUE (order_id, order_sequence),
        CONSTRAINT ck_order_events_sequence CHECK (sequence > 0 AND order_sequence > 0),
        CONSTRAINT ck_order_events_source CHECK (source BETWEEN 1 AND 4),
        CONSTRAINT ck_order_events_kind CHECK (kind BETWEEN 1 AND 20),
        CONSTRAINT ck_order_events_placed CHECK ((order_sequence = 1) = (kind = 1))
    )
    """,
    """
    CREATE TABLE executions (
        order_id UUID NOT NULL,
        root_id TEXT COLLATE "C" NOT NULL,
        revision SMALLINT NOT NULL,
        exec_id TEXT COLLATE "C" NOT NULL,
        account TEXT COLLATE "C" NOT NULL,
        instrument TEXT COLLATE "C" NOT NULL,
        side SMALLINT NOT NULL,
        quantity NUMERIC NOT NULL,
        price NUMERIC NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        commission NUMERIC,
        currency TEXT COLLATE "C",
        busted BOOLEAN NOT NULL,
        reconciled BOOLEAN NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        deployment_id TEXT COLLATE "C" NOT NULL,
        CONSTRAINT pk_executions PRIMARY KEY (order_id, root_id),
        CONSTRAINT ck_executions_side CHECK (side IN (1, -1)),
        CONSTRAINT ck_executions_quantity CHECK (quantity >= 0 AND quantity < 'Infinity'),
        CONSTRAINT ck_executions_price CHECK (price > '-Infinity' AND price < 'Infinity'),
        CONSTRAINT ck_executions_commission CHECK (commission > '-Infinity' AND commission < 'Infinity'),
        CONSTRAINT ck_executions_currency CHECK ((commission IS NULL) = (currency IS NULL))
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_executions_instrument ON executions (account, instrument, time, exec_id)",
    """
    CREATE INDEX ix_executions_strategy_id ON executions (account, strategy_id, time, exec_id)
        WHERE strategy_id <> ''
    """,
    "CREATE INDEX ix_executions_time ON executions (account, time, exec_id)",
    """
    CREATE TABLE broker_orders (
        order_id UUID NOT NULL,
        broker_id TEXT COLLATE "C" NOT NULL,
        CONSTRAINT pk_broker_orders PRIMARY KEY (order_id, broker_id)
    )
    """,
    "CREATE INDEX ix_broker_orders_broker_id ON broker_orders (broker_id)",
    """
    CREATE TABLE account_postings (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        account TEXT COLLATE "C" NOT NULL,
        kind SMALLINT NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        instrument TEXT COLLATE "C" NOT NULL,
        shares NUMERIC NOT NULL,
        price NUMERIC NOT NULL,
        ratio NUMERIC NOT NULL,
        currency TEXT COLLATE "C" NOT NULL,
        amount NUMERIC NOT NULL,
        note TEXT NOT NULL,
        CONSTRAINT pk_account_postings PRIMARY KEY (id),
        CONSTRAINT ck_account_postings_kind CHECK (kind BETWEEN 1 AND 5),
        CONSTRAINT ck_account_postings_ratio CHECK (ratio > 0 AND ratio < 'Infinity'),
        CONSTRAINT ck_account_postings_numbers CHECK (
            shares > '-Infinity' AND shares < 'Infinity' AND price > '-Infinity' AND price < 'Infinity'
            AND amount > '-Infinity' AND amount < 'Infinity'
        )
    )
    """,
    "CREATE INDEX ix_account_postings_account_time_id ON account_postings (account, time, id)",
    """
    CREATE TABLE account_leases (
        name TEXT COLLATE "C" NOT NULL,
        epoch BIGINT NOT NULL,
        holder TEXT NOT NULL,
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_account_leases PRIMARY KEY (name),
        CONSTRAINT ck_account_leases_epoch CHECK (epoch > 0)
    )
    """,
    """
    CREATE TABLE risk_limits (
        id TEXT COLLATE "C" NOT NULL,
        rule SMALLINT NOT NULL,
        scope SMALLINT NOT NULL,
        key TEXT COLLATE "C" NOT NULL,
        value NUMERIC NOT NULL,
        on_breach SMALLINT NOT NULL,
        update_time TIMESTAMP WITH TIME ZONE NOT NULL,
        version INTEGER NOT NULL,
        CONSTRAINT pk_risk_limits PRIMARY KEY (id),
        CONSTRAINT uq_risk_limits UNIQUE (rule, scope, key),
        CONSTRAINT ck_risk_limits_rule CHECK (rule BETWEEN 1 AND 19),
        CONSTRAINT ck_risk_limits_scope CHECK (scope BETWEEN 1 AND 3),
        CONSTRAINT ck_risk_limits_value CHECK (value >= 0 AND value < 'Infinity'),
        CONSTRAINT ck_risk_limits_on_breach CHECK (on_breach BETWEEN 1 AND 4),
        CONSTRAINT ck_risk_limits_version CHECK (version > 0)
    )
    """,
    """
    CREATE TABLE risk_events (
        account TEXT COLLATE "C" NOT NULL,
        sequence BIGINT NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        kind SMALLINT NOT NULL,
        message TEXT NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        instrument TEXT COLLATE "C" NOT NULL,
        order_id TEXT COLLATE "C" NOT NULL,
        violations JSON NOT NULL,
        state SMALLINT,
        CONSTRAINT pk_risk_events PRIMARY KEY (account, sequence),
        CONSTRAINT ck_risk_events_sequence CHECK (sequence > 0),
        CONSTRAINT ck_risk_events_kind CHECK (kind BETWEEN 1 AND 6),
        CONSTRAINT ck_risk_events_state CHECK (state BETWEEN 1 AND 3)
    )
    """,
    "CREATE INDEX ix_risk_events_kind ON risk_events (account, kind, sequence)",
    """
    CREATE INDEX ix_risk_events_strategy_id ON risk_events (account, strategy_id, sequence)
        WHERE strategy_id <> ''
    """,
    "CREATE INDEX ix_risk_events_time ON risk_events (account, time)",
    """
    CREATE TABLE trading_states (
        account TEXT COLLATE "C" NOT NULL,
        state SMALLINT NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        reason TEXT NOT NULL,
        by TEXT NOT NULL,
        flattening BOOLEAN NOT NULL,
        CONSTRAINT pk_trading_states PRIMARY KEY (account),
        CONSTRAINT ck_trading_states_state CHECK (state BETWEEN 1 AND 3)
    )
    """,
    """
    CREATE TABLE equity_marks (
        account TEXT COLLATE "C" NOT NULL,
        deployment_id TEXT COLLATE "C" NOT NULL,
        minute TIMESTAMP WITH TIME ZONE NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        session DATE NOT NULL,
        equity NUMERIC NOT NULL,
        CONSTRAINT pk_equity_marks PRIMARY KEY (account, deployment_id, minute),
        CONSTRAINT ck_equity_marks_equity CHECK (equity > '-Infinity' AND equity < 'Infinity'),
        CONSTRAINT ck_equity_marks_minute CHECK (time >= minute AND time < minute + interval '1 minute')
    )
    """,
    """
    CREATE TABLE deployments (
        id TEXT COLLATE "C" NOT NULL,
        account TEXT COLLATE "C" NOT NULL,
        strategy_id TEXT COLLATE "C" NOT NULL,
        strategy_version INTEGER,
        spec JSON NOT NULL,
        interval SMALLINT NOT NULL,
        code_hash TEXT COLLATE "C" NOT NULL,
        state SMALLINT NOT NULL,
        stop_mode SMALLINT NOT NULL,
        error TEXT NOT NULL,
        error_reason TEXT COLLATE "C" NOT NULL,
        last_bar TIMESTAMP WITH TIME ZONE,
        create_time TIMESTAMP WITH TIME ZONE NOT NULL,
        update_time TIMESTAMP WITH TIME ZONE NOT NULL,
        end_time TIMESTAMP WITH TIME ZONE,
        version INTEGER NOT NULL,
        CONSTRAINT pk_deployments PRIMARY KEY (id),
        CONSTRAINT fk_deployments_strategy_version FOREIGN KEY (strategy_id, strategy_version)
            REFERENCES strategy_versions (strategy_id, number),
        CONSTRAINT ck_deployments_state CHECK (state BETWEEN 1 AND 6),
        CONSTRAINT ck_deployments_stop_mode CHECK (stop_mode BETWEEN 1 AND 3),
        CONSTRAINT ck_deployments_version CHECK (version > 0)
    )
    """,
    "CREATE INDEX ix_deployments_account_id ON deployments (account, id)",
    "CREATE INDEX ix_deployments_strategy_id_id ON deployments (strategy_id, id)",
    "CREATE UNIQUE INDEX uq_deployments_unfinished ON deployments (account, strategy_id) WHERE state <> 5",
    """
    CREATE TABLE audit_log (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        account TEXT COLLATE "C" NOT NULL,
        actor TEXT NOT NULL,
        source TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        CONSTRAINT pk_audit_log PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_audit_log_account_id ON audit_log (account, id)",
    """
    CREATE FUNCTION stays_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE object_not_in_prerequisite_state USING MESSAGE = TG_TABLE_NAME || ' is append-only';
    END $$
    """,
    *(
        f"CREATE TRIGGER stays_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION stays_as_written()"
        for table in ("order_events", "audit_log")
    ),
)


def upgrade() -> None:
    """Add the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
