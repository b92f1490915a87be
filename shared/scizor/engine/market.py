"""All that a run takes from the world: bars, what the symbols are, what happened to them, and exchange rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.bars import CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.engine.panel import Panel


@dataclass(frozen=True, slots=True)
class Delisting:
    """The last session of a symbol. `value`: what a share was paid, quote currency; None: sold at its last close."""

    session: date
    value: float | None = None

    def __post_init__(self) -> None:
        if self.value is not None and not (math.isfinite(self.value) and self.value >= 0):
            raise InvalidInput.of_field("delisting.value", "must be 0 or positive, and finite")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a symbol is. `lot_size`: shares; `tick_size`: quote currency, 0 for none. `currency`: None for the base."""

    currency: str | None = None
    lot_size: float = 1.0
    tick_size: float = 0.0
    delisting: Delisting | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lot_size) and self.lot_size > 0):
            raise InvalidInput.of_field("lot_size", "must be positive and finite")
        if not (math.isfinite(self.tick_size) and self.tick_size >= 0):
            raise InvalidInput.of_field("tick_size", "must be 0 or positive, and finite")


_PLAIN = Listing()


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Bars as traded, and the facts about them by symbol; a symbol that is not named has the default.

    `actions`: splits and dividends that the simulation is to apply; leave them out for bars that are already adjusted.
    `rates`: units of the account's currency for one of another, by currency, shape (n_rows,): the rate known at the
    open of each row. Rows that open at the same instant have the same: orders of all of them share one account then.

    Raises InvalidInput for facts about a symbol without bars, and for rates that are not positive or contradict.
    """

    panel: Panel
    listings: Mapping[str, Listing] = field(default_factory=dict)
    actions: Mapping[str, Sequence[CorporateAction]] = field(default_factory=dict)
    rates: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("listings", "actions"):
            for symbol in getattr(self, name):
                if symbol not in self.panel.symbols:
                    raise InvalidInput.of_field(f"market.{name}", f"{symbol} has no bars")
        for currency, rates in self.rates.items():
            shape = (self.panel.n_rows,)
            if rates.shape != shape or not bool(np.all(np.isfinite(rates) & (rates > 0))):
                raise InvalidInput.of_field(f"market.rates.{currency}", f"must be positive, of shape {shape}")
        if self.rates:
            _check_instants(self)

    def listing(self, symbol: str) -> Listing:
        """What the symbol is."""
        return self.listings.get(symbol, _PLAIN)


def _check_instants(market: Market) -> None:
    """Raises InvalidInput where two rows that open together have two rates. Rows are sorted by close, not by open."""
    order = np.argsort(market.panel.open_ns, kind="stable")
    opens = market.panel.open_ns[order]
    together = opens[1:] == opens[:-1]
    for currency, rates in market.rates.items():
        known = rates[order]
        unlike = together & (known[1:] != known[:-1])
        if bool(unlike.any()):
            at = int(np.argmax(unlike))
            earlier, later = sorted(order[at : at + 2].tolist())
            told = f"{rates[earlier]:g} and {rates[later]:g}"
            rule = f"rows {earlier} and {later} open at the same instant, with two rates: {told}"
            raise InvalidInput.of_field(f"market.rates.{currency}", rule)
