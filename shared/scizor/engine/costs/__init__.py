"""What trading costs: slippage, commissions, financing. Here are the values people write; they import no compiler.

The kernels that read them: `costs.pricing` (what a fill pays a share), `costs.charges` (commissions and fees) and
`costs.budget` (how much a sum of money buys); `costs.schedules` has tariffs of brokers, `costs.financing` interest.
"""

from __future__ import annotations

from scizor.engine.costs.commissions import MAX_TIERS, Commission, Tier
from scizor.engine.costs.financing import FED_FUNDS, Accruals, Financing, accruals
from scizor.engine.costs.slippage import Slippage, SlippageModel

__all__ = [
    "FED_FUNDS",
    "MAX_TIERS",
    "Accruals",
    "Commission",
    "Financing",
    "Slippage",
    "SlippageModel",
    "Tier",
    "accruals",
]
