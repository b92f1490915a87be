"""What a fill pays: slippage, rounding, commission (the page's section of that name)."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

from scizor.domain.orders import PriceRounding
from scizor.engine.costs import Commission, Slippage, SlippageModel
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.money import ONE, ZERO, bps, exact, maybe


def slipped(settings: Settings, side: int, price: Decimal, quantity: Decimal, volume: Decimal) -> Decimal:
    """The price after slippage, which is always against the order."""
    slippage: Slippage = settings.slippage
    amount = exact(slippage.amount)
    if slippage.model is SlippageModel.BPS:
        return price * (1 + side * bps(slippage.amount))
    if slippage.model is SlippageModel.HALF_SPREAD:
        return price + side * amount
    if slippage.model is SlippageModel.VOLUME_SHARE and volume > 0:
        share = min(quantity / volume, maybe(settings.max_participation) or ONE)
        return price * (1 + side * amount * share * share)
    return price


def rounded(rounding: PriceRounding, side: int, price: Decimal, tick: Decimal) -> Decimal:
    """The price on its tick; a half, and every price under ADVERSE, goes against the order."""
    if rounding is PriceRounding.NONE or tick == 0:
        return price
    if rounding is PriceRounding.ADVERSE:
        how = ROUND_CEILING if side > 0 else ROUND_FLOOR
    else:
        how = ROUND_HALF_UP if side > 0 else ROUND_HALF_DOWN
    return (price / tick).to_integral_value(how) * tick


def paid_price(
    settings: Settings,
    side: int,
    price: Decimal,
    quantity: Decimal,
    volume: Decimal,
    limit: Decimal | None,
    tick: Decimal,
) -> Decimal:
    """Slippage, then rounding, neither beyond a limit."""
    paid = slipped(settings, side, price, quantity, volume)
    paid = paid if limit is None else _no_worse(side, paid, limit)
    paid = rounded(settings.price_rounding, side, paid, tick)
    return paid if limit is None else _no_worse(side, paid, limit)


def _no_worse(side: int, price: Decimal, limit: Decimal) -> Decimal:
    return min(price, limit) if side > 0 else max(price, limit)


def raw_commission(schedule: Commission, shares: Decimal, value: Decimal, month_shares: Decimal) -> Decimal:
    """Before minimum and maximum: each share at the rate of the tier it falls in, and a fraction of the value."""
    edges = [(ZERO, exact(schedule.per_share))]
    edges += [(exact(tier.from_shares), exact(tier.per_share)) for tier in schedule.tiers]
    total = value * bps(schedule.value_bps)
    for place, (start, rate) in enumerate(edges):
        end = edges[place + 1][0] if place + 1 < len(edges) else month_shares + shares
        within = min(end, month_shares + shares) - max(start, month_shares)
        total += max(within, ZERO) * rate
    return total


def commission_of_order(schedule: Commission, side: int, raw: Decimal, shares: Decimal, value: Decimal) -> Decimal:
    """What an order has come to: its commission within its bounds, and the fees that are passed on."""
    total = max(raw, exact(schedule.minimum))
    if schedule.maximum_bps is not None:
        total = min(total, value * bps(schedule.maximum_bps))
    total += value * bps(schedule.fee_bps) + shares * exact(schedule.fee_per_share)
    if side < 0:
        activity = shares * exact(schedule.sell_per_share)
        if schedule.sell_maximum is not None:
            activity = min(activity, exact(schedule.sell_maximum))
        total += activity + value * bps(schedule.sell_bps)
    return total
