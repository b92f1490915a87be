"""The system's clock: the one place that reads it."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's idea of now."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)
