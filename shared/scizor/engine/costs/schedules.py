"""Commission schedules of brokers, ready made.

Rates change: each docstring says whose they are and when they held. What is passed on of an exchange's fees depends on
where an order is routed and whether it adds liquidity; it is left out unless said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from scizor.engine.costs.commissions import Commission, Tier


class SellFees(NamedTuple):
    """What a United States broker passes on of sells.

    `sec_bps`: Section 31 fee, of the value. `taf_per_share`, `taf_maximum`: FINRA's trading activity fee.
    """

    sec_bps: float
    taf_per_share: float
    taf_maximum: float


NO_SELL_FEES = SellFees(0.0, 0.0, 0.0)

US_SELL_FEES = SellFees(sec_bps=0.0, taf_per_share=0.000166, taf_maximum=8.30)
"""As they held from 2025-05-14 to the end of that year; the SEC's had been 27.80 a million (0.278 bps) before."""


def none() -> Commission:
    """Trading costs nothing."""
    return Commission()


def per_share(rate: float, minimum: float = 0.0) -> Commission:
    """So much a share, at least a minimum an order (zipline's PerShare)."""
    return Commission(per_share=rate, minimum=minimum)


def per_dollar(rate: float = 0.0015) -> Commission:
    """A fraction of the value (zipline's PerDollar, and its default)."""
    return Commission(value_bps=rate * 10_000)


def per_order(amount: float) -> Commission:
    """So much an order, whatever its size."""
    return Commission(minimum=amount)


def ib_fixed_us(fees: SellFees = US_SELL_FEES) -> Commission:
    """Interactive Brokers, United States shares, fixed pricing, as published in 2025: USD.

    0.005 a share, at least 1.00 an order, at most 1 % of its value; sell fees beside it.
    """
    return Commission(
        per_share=0.005,
        minimum=1.0,
        maximum_bps=100.0,
        sell_bps=fees.sec_bps,
        sell_per_share=fees.taf_per_share,
        sell_maximum=fees.taf_maximum,
    )


def ib_tiered_us(fees: SellFees = US_SELL_FEES, clearing_per_share: float = 0.0002) -> Commission:
    """Interactive Brokers, United States shares, tiered pricing, as published in 2025: USD.

    0.0035 a share for the first 300,000 of a calendar month, then 0.0020, 0.0015 beyond 3, 0.0010 beyond 20 and 0.0005
    beyond 100 million; at least 0.35 an order, at most 1 % of its value; clearing and sell fees beside it. Left out:
    the exchanges' own fees and rebates, and NYSE's and FINRA's pass-through of less than 0.1 % of the commission.
    """
    return Commission(
        per_share=0.0035,
        minimum=0.35,
        maximum_bps=100.0,
        tiers=(Tier(300_000, 0.0020), Tier(3e6, 0.0015), Tier(20e6, 0.0010), Tier(100e6, 0.0005)),
        fee_per_share=clearing_per_share,
        sell_bps=fees.sec_bps,
        sell_per_share=fees.taf_per_share,
        sell_maximum=fees.taf_maximum,
    )


def ib_fixed_asx() -> Commission:
    """Interactive Brokers, Australian shares, fixed pricing, as published in 2025: AUD.

    0.08 % of the value, at least 6.00 an order, third-party fees included.
    """
    return Commission(value_bps=8.0, minimum=6.0)


def ib_tiered_asx(passed_on_bps: float = 0.0) -> Commission:
    """Interactive Brokers, Australian shares, tiered pricing, as published in 2025: AUD.

    0.08 % of the value, at least 5.00 an order. That is the first tier, which holds up to 3 million AUD traded in a
    month; the cheaper ones beyond (0.05 % to 0.015 %) go by value, which a schedule here cannot say, so a busier
    account is charged too much. `passed_on_bps`: exchange and clearing fees.
    """
    return Commission(value_bps=8.0, minimum=5.0, fee_bps=passed_on_bps)


IB_FIXED: Mapping[str, Callable[[], Commission]] = {"USD": ib_fixed_us, "AUD": ib_fixed_asx}
"""By the currency of the shares."""
IB_TIERED: Mapping[str, Callable[[], Commission]] = {"USD": ib_tiered_us, "AUD": ib_tiered_asx}
"""By the currency of the shares."""

SCHEDULES: Mapping[str, Callable[[], Commission]] = {
    "none": none,
    "ib_fixed_us": ib_fixed_us,
    "ib_tiered_us": ib_tiered_us,
    "ib_fixed_asx": ib_fixed_asx,
    "ib_tiered_asx": ib_tiered_asx,
}
"""Schedules that can be asked for by name."""
