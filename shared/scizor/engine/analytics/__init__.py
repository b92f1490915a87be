"""What a finished run is worth: figures and how sure they are, tables, and what a reader should know before believing.

`evaluate` gives every metric; `conventions` says what each convention means.
"""

from __future__ import annotations

from scizor.engine.analytics.account import Cost, Exposure, capacity, cost_attribution, exposure, turnover
from scizor.engine.analytics.benchmark import Benchmark
from scizor.engine.analytics.caveats import caveats
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.curve import SessionCurve, session_curve
from scizor.engine.analytics.drawdowns import DrawdownSpan, drawdown_table
from scizor.engine.analytics.excursions import Excursions, excursions
from scizor.engine.analytics.intervals import Intervals
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.analytics.rolling import rolling_beta, rolling_drawdown, rolling_sharpe, rolling_volatility
from scizor.engine.analytics.significance import (
    Kurtosis,
    deflated_sharpe,
    expected_maximum_sharpe,
    min_track_record_length,
    probabilistic_sharpe,
)
from scizor.engine.analytics.tables import Distribution, MonthlyTable, distribution, monthly_table

__all__ = [
    "Benchmark",
    "Convention",
    "Cost",
    "Distribution",
    "DrawdownSpan",
    "Excursions",
    "Exposure",
    "Intervals",
    "Kurtosis",
    "MonthlyTable",
    "SessionCurve",
    "capacity",
    "caveats",
    "cost_attribution",
    "deflated_sharpe",
    "distribution",
    "drawdown_table",
    "evaluate",
    "excursions",
    "expected_maximum_sharpe",
    "exposure",
    "min_track_record_length",
    "monthly_table",
    "probabilistic_sharpe",
    "rolling_beta",
    "rolling_drawdown",
    "rolling_sharpe",
    "rolling_volatility",
    "session_curve",
    "turnover",
]
