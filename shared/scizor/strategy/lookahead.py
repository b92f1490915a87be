"""Whether a strategy sees the future: it is run again on a past that has less of it, or another one.

A decision of row t may follow from rows 0..t only. So it must stay what it was when the rows after t are cut off, and
when their prices are changed. Where it does not, the row, the symbol and the columns whose future mattered are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy.backtest import Decision
from scizor.strategy.bars import COLUMNS, Column
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.drive import Driver
from scizor.strategy.errors import StrategyError
from scizor.strategy.feed import told_time
from scizor.strategy.weights import weights_of

# What a run decides: a matrix of weights, or what was done in order.
Decisions = FloatArray | list[Decision]
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
_FUTURES = ((1.5, 3.0), (0.3, 0.7))  # prices after the cut, times a number drawn from each


@dataclass(frozen=True, slots=True)
class Finding:
    """The first decision found that hangs on later rows. `row`, `time`: whose; `symbol`: "" when it is about none.

    `columns`: those whose later values change it; none where only the number of later rows does. `cut_row`: the first
    row that was cut off or changed. `repeatable`: False when two runs on the very same bars differ, by chance.
    """

    row: int
    time: str
    symbol: str
    columns: tuple[Column, ...]
    cut_row: int
    repeatable: bool = True

    @property
    def message(self) -> str:
        """It in a sentence."""
        whom = f" for {self.symbol}" if self.symbol else ""
        if not self.repeatable:
            return f"decides{whom} at {self.time} otherwise when it is run again on the same bars"
        what = f"the {', '.join(self.columns)} of later rows" if self.columns else "how many rows come later"
        return f"decides{whom} at {self.time} (row {self.row}) by {what}"


def check_lookahead(
    strategy: Strategy, market: Market | Panel, settings: Settings, *, n_cuts: int = 8, seed: int = 0
) -> Finding | None:
    """Run it on the whole market, then on `n_cuts` pasts of it, and name the first decision that is not the same.

    Half of the cuts lie around decisions, the others where `seed` puts them. None: nothing was found. Raises
    StrategyError where the strategy fails on the whole, or on every past.
    """
    trial = _Trial(strategy, market if isinstance(market, Market) else Market(market), settings)
    whole = trial.decide()
    different = _difference(whole, trial.decide(), trial.n_rows)
    if different is not None:
        row, symbol = trial.named(different)
        return Finding(row, trial.time(row), symbol, (), trial.n_rows, repeatable=False)
    random = np.random.default_rng(seed)
    failures: list[StrategyError] = []
    cuts = _cuts(_deciding_rows(whole), trial.n_rows, n_cuts, random)
    for cut in cuts:
        try:
            finding = trial.at(cut, whole, random)
        except StrategyError as error:
            failures.append(error)
            continue
        if finding is not None:
            return finding
    if cuts and len(failures) == len(cuts):
        raise failures[0]
    return None


class _Trial:
    """One strategy on one market, as often as needed."""

    def __init__(self, strategy: Strategy, market: Market, settings: Settings) -> None:
        self._strategy, self._market = strategy, market
        self._settings = replace(settings, close_open_at_end=False)
        self.n_rows = market.panel.n_rows

    def decide(self, market: Market | None = None, last_row: int | None = None) -> Decisions:
        """What it decides on a market, this one unless said, in rows before `last_row`."""
        strategy, market = self._strategy.fresh(), market or self._market
        if isinstance(strategy, VectorStrategy):
            return weights_of(strategy, market, self._settings)
        if not isinstance(strategy, EventStrategy):
            raise InvalidInput.of_field("strategy", "must be a VectorStrategy or an EventStrategy")
        journal: list[Decision] = []
        Driver(strategy, market, self._settings, journal=journal, last_row=last_row).run()
        return journal

    def at(self, cut: int, whole: Decisions, random: np.random.Generator) -> Finding | None:
        """What the rows from `cut` on change in the rows before it."""
        found = []
        end = self._whole_sessions(cut)
        if end:
            found.append(_difference(whole, self.decide(_truncated(self._market, end)), end))
        for low, high in _FUTURES:
            factors = random.uniform(low, high, (self.n_rows - cut, self._market.panel.n_symbols))
            changed = _changed(self._market, cut, COLUMNS, factors)
            found.append(_difference(whole, self.decide(changed, cut), cut))
        different = min((one for one in found if one is not None), default=None)
        if different is None:
            return None
        row, symbol = self.named(different)
        return Finding(row, self.time(row), symbol, self._columns(cut, whole, random), cut)

    def named(self, different: tuple[int, str | int]) -> tuple[int, str]:
        """The row and the symbol's name."""
        row, symbol = different
        return row, symbol if isinstance(symbol, str) else self._market.panel.symbols[symbol]

    def time(self, row: int) -> str:
        """A row as a person names it."""
        return told_time(self._market.panel, row)

    def _columns(self, cut: int, whole: Decisions, random: np.random.Generator) -> tuple[Column, ...]:
        matter: list[Column] = []
        for column in COLUMNS:
            for low, high in _FUTURES:
                factors = random.uniform(low, high, (self.n_rows - cut, self._market.panel.n_symbols))
                changed = _changed(self._market, cut, (column,), factors)
                if _difference(whole, self.decide(changed, cut), cut) is not None:
                    matter.append(column)
                    break
        return tuple(matter)

    def _whole_sessions(self, cut: int) -> int:
        """The cut, for event strategies at the end of a session: where that is decides when orders end."""
        if isinstance(self._strategy, VectorStrategy):
            return cut
        sessions = self._market.panel.sessions
        earlier = np.flatnonzero(sessions[:cut] != sessions[cut])
        return int(earlier[-1]) + 1 if len(earlier) else 0


def _cuts(deciding: IndexArray, n_rows: int, n_cuts: int, random: np.random.Generator) -> list[int]:
    """Rows from which on the future is taken away, rising."""
    n_around = min(max(n_cuts // 2, 1), len(deciding))
    chosen = deciding[np.linspace(0, len(deciding) - 1, n_around).astype(np.int64)] if n_around else deciding
    cuts = {int(row) + 1 for row in chosen} | {int(row) for row in chosen[::2]}
    cuts |= {int(row) for row in random.integers(1, n_rows, max(n_cuts - len(cuts), 0))} if n_rows > 1 else set()
    return sorted(cut for cut in cuts if 0 < cut < n_rows)


def _deciding_rows(decisions: Decisions) -> IndexArray:
    """Rows in which something is decided that was not standing already."""
    if isinstance(decisions, list):
        return np.unique(np.array([one.row for one in decisions], np.int64))
    before = np.vstack([np.full((1, decisions.shape[1]), np.nan), decisions[:-1]])
    return np.flatnonzero(np.any(~np.isnan(decisions) & (decisions != before), axis=1)).astype(np.int64)


def _difference(whole: Decisions, part: Decisions, before_row: int) -> tuple[int, str | int] | None:
    """The first row before `before_row` that is not decided alike, and the symbol's name or index."""
    if isinstance(whole, list):
        return _first_unlike(whole, part if isinstance(part, list) else [], before_row)
    ours, theirs = whole[:before_row], np.asarray(part)[:before_row]
    unlike = ~np.isclose(ours, theirs, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)
    if not unlike.any():
        return None
    row, column = (int(at[0]) for at in np.nonzero(unlike))
    return row, column


def _first_unlike(whole: list[Decision], part: list[Decision], before_row: int) -> tuple[int, str] | None:
    ours, theirs = ([one for one in each if one.row < before_row] for each in (whole, part))
    for one, other in zip(ours, theirs, strict=False):
        alike = one[:3] == other[:3] and len(one.numbers) == len(other.numbers)
        if not alike or not np.allclose(one.numbers, other.numbers, _RELATIVE, _ABSOLUTE, equal_nan=True):
            return min((one.row, one.symbol), (other.row, other.symbol))
    longer = ours if len(ours) > len(theirs) else theirs
    if len(ours) == len(theirs):
        return None
    first = longer[min(len(ours), len(theirs))]
    return first.row, first.symbol


def _truncated(market: Market, n_rows: int) -> Market:
    """What was known of the market after its first rows."""
    panel = market.panel
    cut = {name: getattr(panel, name)[:n_rows] for name in ("sessions", "open_ns", "close_ns", *COLUMNS)}
    last = panel.sessions[n_rows - 1].item()
    return Market(
        Panel(panel.symbols, **cut),
        {
            symbol: replace(one, delisting=None) if one.delisting and one.delisting.session > last else one
            for symbol, one in market.listings.items()
        },
        {symbol: [one for one in actions if one.ex_date <= last] for symbol, actions in market.actions.items()},
        {currency: rates[:n_rows] for currency, rates in market.rates.items()},
    )


def _changed(market: Market, cut: int, columns: tuple[Column, ...], factors: FloatArray) -> Market:
    """The market with another future in some columns from row `cut` on."""
    changed = {}
    for column in columns:
        matrix = getattr(market.panel, column).copy()
        matrix[cut:] *= factors
        changed[column] = matrix
    return replace(market, panel=replace(market.panel, **changed))
