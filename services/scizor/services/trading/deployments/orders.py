"""What a strategy asks for, as what the desk takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from scizor.domain.orders import OrderType
from scizor.domain.trading.deployments import Deployment
from scizor.domain.trading.orders import Terms
from scizor.services.trading.deployments.stakes import client_id
from scizor.services.trading.desk.drafts import Draft, Exit
from scizor.services.trading.desk.listings import Listings
from scizor.strategy.live import Cancel, Intent, Place

_STEP = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Placing:
    """An order with the exits that wait for it."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Cancelling:
    """`number`: the strategy's own of the order."""

    number: int


Deed = Placing | Cancelling


async def deeds_of(deployment: Deployment, intents: Sequence[Intent], listings: Listings) -> list[Deed]:
    """In their order, an exit with its entry. Raises what `Listings.find` raises."""
    ticks = {name: (await listings.find(name)).tick for name in {i.symbol for i in intents if isinstance(i, Place)}}
    entries = {one.id for one in intents if isinstance(one, Place) and one.parent is None}
    exits = [one for one in intents if isinstance(one, Place) and one.parent in entries]
    deeds: list[Deed] = []
    for one in intents:
        if isinstance(one, Cancel):
            deeds.append(Cancelling(one.id))
        elif one not in exits:
            waiting = [two for two in exits if two.parent == one.id]
            deeds.append(Placing(_draft(deployment, one, waiting, ticks[one.symbol])))
    return deeds


def _draft(deployment: Deployment, one: Place, exits: Iterable[Place], tick: Decimal) -> Draft:
    return Draft(
        client_id(deployment.id, one.id),
        one.symbol,
        one.side,
        _terms(one, tick),
        group=client_id(deployment.id, one.group) if one.group else "",
        strategy_id=deployment.spec.strategy_id,
        deployment_id=deployment.id,
        exits=tuple(Exit(_terms(two, tick), client_id(deployment.id, two.id)) for two in exits),
    )


def _terms(one: Place, tick: Decimal) -> Terms:
    trailing = one.type is OrderType.TRAILING
    return Terms(
        _exact(one.quantity),
        one.type,
        _price(one.limit, tick),
        None if trailing else _price(one.trigger, tick),
        _price(one.trail_amount, tick),
        None if one.trail_fraction is None else _exact(one.trail_fraction),
        one.tif,
        one.expires,
    )


def _price(value: float | None, tick: Decimal) -> Decimal | None:
    """On the nearest tick: what a strategy computes in floats is a tick's multiple but for their rounding."""
    if value is None:
        return None
    return ((Decimal(repr(value)) / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick).normalize()


def _exact(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_STEP).normalize()
