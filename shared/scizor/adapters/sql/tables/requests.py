"""Answers by request id."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from scizor.adapters.sql.tables.columns import WORD, created, metadata, required

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("method", WORD, primary_key=True),
    Column("request_id", WORD, primary_key=True),
    required("body_hash", LargeBinary),
    Column("answer", LargeBinary),
    created(),
    Index(None, "create_time"),
)
