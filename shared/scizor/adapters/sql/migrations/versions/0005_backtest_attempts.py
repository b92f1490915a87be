"""How often each backtest was claimed, so that one that no worker survives is given up."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; what is queued or running starts anew."""
    op.execute(
        "ALTER TABLE backtest_jobs ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL,"
        " ADD CONSTRAINT ck_backtest_jobs_attempts CHECK (attempts >= 0)"
    )
