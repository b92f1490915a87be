"""What storage knows of a backtest: all that a tearsheet is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from scizor.domain.backtests import BacktestJob
from scizor.domain.metrics import Metric
from scizor.domain.outcomes import EquityCurve, Trade
from scizor.engine.analytics.benchmark import Benchmark
from scizor.ports.backtests import BacktestResults


class Format(IntEnum):
    """What a tearsheet is made as; numbers equal the contract's."""

    HTML = 1
    PNG = 2
    JSON = 3
    CSV = 4
    PARQUET = 5


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A backtest that succeeded. `benchmark`: bars as they are stored now, None without any.

    `notes`: what a reader should know beside the run's own warnings.
    """

    job: BacktestJob
    results: BacktestResults
    trades: Sequence[Trade]
    curve: EquityCurve
    benchmark: Benchmark | None = None
    notes: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric | None:
        """A figure by its name; None where the run has none of it."""
        return next((metric for metric in self.results.metrics if metric.name == name), None)

    def value(self, name: str) -> float | None:
        """A figure's value; None where it is undefined."""
        metric = self.metric(name)
        return None if metric is None else metric.value


@dataclass(frozen=True, slots=True)
class Document:
    """A file as a browser takes it. `inline`: to be looked at, not kept."""

    content: bytes
    content_type: str
    file_name: str
    inline: bool = False
