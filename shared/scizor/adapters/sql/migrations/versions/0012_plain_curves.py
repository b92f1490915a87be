"""Curves are stored as they are: to compress arrays of doubles takes longer than to write them, and saves little.

What was stored before stays as it is, and is read the same.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_COLUMNS = ("days", "close_ns", "equity", "cash", "drawdown", "exposure")


def upgrade() -> None:
    """Change how new rows are stored."""
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE backtest_equity ALTER COLUMN {column} SET STORAGE EXTERNAL")
