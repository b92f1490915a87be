"""What the calls of MarketData have to work with."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.marketdata import bars
from scizor.services.marketdata.coverage import CoverageReport
from scizor.services.marketdata.imports import Imports


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases that hold something, and the ports those that hold nothing are called with."""

    storage: Storage
    imports: Imports
    coverage: CoverageReport
    bar_streams: bars.BarStreams
    clock: Clock
    version: str
