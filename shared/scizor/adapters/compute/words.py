"""The first word of each message: what a worker is told, and what it tells."""

from __future__ import annotations

from typing import Final

DATA: Final = "data"
FORGET: Final = "forget"
TASK: Final = "task"
NEWS: Final = "news"
DONE: Final = "done"
FAILED: Final = "failed"
