"""Buses: within one process so far."""

from __future__ import annotations

from scizor.adapters.bus.memory import MemoryBus

__all__ = ["MemoryBus"]
