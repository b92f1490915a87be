"""What the calls of MarketData have to work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from scizor.ports.broker import BrokerConnection
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.marketdata import bars
from scizor.services.marketdata.collection.app import Collections
from scizor.services.marketdata.coverage import CoverageReport
from scizor.services.marketdata.imports import Imports
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.verification import Verification


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases that hold something, and the ports those that hold nothing are called with."""

    storage: Storage
    imports: Imports
    coverage: CoverageReport
    bar_streams: bars.BarStreams
    clock: Clock
    version: str
    calendar: SessionCalendar = field(kw_only=True)
    verification: Verification = field(kw_only=True)
    # None: there is no broker.
    broker: BrokerConnection | None = field(default=None, kw_only=True)
    # None: there is no broker.
    live: LiveStreams | None = field(default=None, kw_only=True)
    # None: there is no broker.
    collections: Collections | None = field(default=None, kw_only=True)
