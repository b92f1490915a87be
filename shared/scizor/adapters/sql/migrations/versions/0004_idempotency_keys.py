"""Answers by request id."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    """
    CREATE TABLE idempotency_keys (
        method TEXT COLLATE "C" NOT NULL,
        request_id TEXT COLLATE "C" NOT NULL,
        body_hash BYTEA NOT NULL,
        answer BYTEA,
        create_time TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (method, request_id)
    )
    """,
    """
    CREATE INDEX ix_idempotency_keys_create_time ON idempotency_keys (create_time)
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
