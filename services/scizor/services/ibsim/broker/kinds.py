"""The order types that are taken, as clients spell them, and what each is to the engine's fill rule."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.orders import OrderType


@dataclass(frozen=True, slots=True)
class Kind:
    """`acts_as`: to the engine. `has_limit`, `has_trigger`: which prices it needs. `at_close`: nowhere else."""

    acts_as: OrderType
    has_limit: bool = False
    has_trigger: bool = False
    trails: bool = False
    at_close: bool = False

    @property
    def waits_for_trigger(self) -> bool:
        """Whether it is held, out of the exchange's book, until the price meets its trigger."""
        return self.has_trigger or self.trails


KINDS = {
    "MKT": Kind(OrderType.MARKET),
    "LMT": Kind(OrderType.LIMIT, has_limit=True),
    "STP": Kind(OrderType.STOP, has_trigger=True),
    "STP LMT": Kind(OrderType.STOP_LIMIT, has_limit=True, has_trigger=True),
    "TRAIL": Kind(OrderType.TRAILING, trails=True),
    "TRAIL LIMIT": Kind(OrderType.STOP_LIMIT, trails=True),
    "MIT": Kind(OrderType.MARKET_IF_TOUCHED, has_trigger=True),
    "LIT": Kind(OrderType.LIMIT_IF_TOUCHED, has_limit=True, has_trigger=True),
    "MOC": Kind(OrderType.MARKET, at_close=True),
    "LOC": Kind(OrderType.LIMIT, has_limit=True, at_close=True),
}

AT_OPEN = "OPG"
ONE_LOOK = frozenset({"IOC", "FOK"})
TIMES_IN_FORCE = frozenset({"DAY", "GTC", "GTD", AT_OPEN, *ONE_LOOK})
