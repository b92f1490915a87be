"""All use cases of the service, as its calls reach them."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.ports.storage import Storage
from scizor.services.backtest.app import Backtests
from scizor.services.backtest.optimization.assembly import Optimizing
from scizor.services.backtest.recall import Recall
from scizor.services.backtest.review.app import Review
from scizor.services.backtest.strategies.catalog import Catalog
from scizor.services.backtest.strategies.checking import Checking
from scizor.services.backtest.watch import Watch


@dataclass(frozen=True, slots=True)
class UseCases:
    """One field a subject."""

    storage: Storage
    backtests: Backtests
    recall: Recall
    watch: Watch
    catalog: Catalog
    checking: Checking
    optimizing: Optimizing
    review: Review
