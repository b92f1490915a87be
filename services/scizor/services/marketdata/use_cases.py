"""What the calls of MarketData have to work with."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.ports.broker import BrokerConnection
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.marketdata.bars.streams import BarStreams
from scizor.services.marketdata.collection.app import Collections
from scizor.services.marketdata.imports.app import Imports
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.symbols.verification import Verification
from scizor.services.marketdata.truth.coverage import CoverageReport


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """The use cases that hold something, and the ports those that hold nothing are called with.

    `heartbeat_s`: a stream with nothing to tell says so this often.
    """

    storage: Storage
    broker: BrokerConnection
    calendar: SessionCalendar
    clock: Clock
    verification: Verification
    bar_streams: BarStreams
    imports: Imports
    collections: Collections
    live: LiveStreams
    coverage: CoverageReport
    heartbeat_s: float
    version: str
