"""Sweeps: a grid of parameters over shared indicators, compiled, on all cores, streamed in batches."""

from __future__ import annotations

from scizor.engine.sweep.grid import Grid
from scizor.engine.sweep.plans import Called, Compiled, Number, Shared
from scizor.engine.sweep.stream import BATCH, Batch, keep_best, sweep

__all__ = ["BATCH", "Batch", "Called", "Compiled", "Grid", "Number", "Shared", "keep_best", "sweep"]
