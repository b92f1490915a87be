"""Indicators as kernels over one symbol's bars: whole columns, matrices, or bar by bar, all by the same operations.

A missing bar (NaN) is skipped: a window covers the symbol's last bars that exist, and the value at a missing bar is
NaN.
"""

from __future__ import annotations

from scizor.engine.indicators.cross import sma_cross
from scizor.engine.indicators.spec import Incremental, Indicator, Parameter
from scizor.engine.indicators.table import TABLE

__all__ = ["TABLE", "Incremental", "Indicator", "Parameter", "sma_cross"]
