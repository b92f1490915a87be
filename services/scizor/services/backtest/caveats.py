"""What a reader should know of a backtest beside what the engine says of any run: where its bars came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import Adjustment
from scizor.engine.panel import Panel
from scizor.services.history.load import History

_NAMED_SYMBOLS: Final = 3
# No exchange is closed for longer than this without the world noticing.
_LONGEST_BREAK: Final = timedelta(days=10)

_SCALES: Final = {
    Adjustment.RAW: "Prices are RAW, as traded: splits and dividends happen to the account on their dates, those that"
    " are not recorded look like losses and gains.",
    Adjustment.SPLIT: "Prices are adjusted for splits (SPLIT): dividends are not counted.",
    Adjustment.TOTAL_RETURN: "Prices are adjusted for splits and dividends (TOTAL_RETURN): dividends count as"
    " reinvested, and fills are at prices that were never traded.",
}


def caveats(spec: BacktestSpec, history: History, panel: Panel, of_the_run: Sequence[str]) -> tuple[str, ...]:
    """One sentence each, the gravest first; `of_the_run`: what the engine says."""
    synthetic = [one.series.symbol for one in history.symbols if one.series.synthetic]
    made_up = [f"Some bars of {_some(synthetic)} are synthetic: no market made them."] if synthetic else []
    first, late = panel.sessions[0].item(), []
    if spec.sessions.start and first - spec.sessions.start > _LONGEST_BREAK:
        late = [f"Bars begin on {first}, not on {spec.sessions.start} as asked."]
    return (*made_up, *of_the_run, *late, _SCALES[spec.adjustment])


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED_SYMBOLS
    return ", ".join(names[:_NAMED_SYMBOLS]) + (f" and {more} more" if more > 0 else "")
