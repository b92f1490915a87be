"""What a worker is told: the first word of each message."""

from __future__ import annotations

from typing import Final

DATA: Final = "data"
FORGET: Final = "forget"
TASK: Final = "task"
