"""What is done to a site, drawn from a number: kills, cuts and false words, the same for the same number."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from tests.e2e.torture.instants import AFTER_SEND, AT_ANSWER, BEFORE_SEND
from tests.e2e.torture.site import Site

INSTANTS: Final = (BEFORE_SEND, AFTER_SEND, AT_ANSWER)
KILLS: Final = {"service": 8, "gateway": 3, "database": 2, **dict.fromkeys(INSTANTS, 2)}
"""Processes, and how often each is hit; services also at these very instants."""

_PASSED_WITHIN_S: Final = 60.0

Demands = Callable[[random.Random], dict[str, Any]]


def _few(chance: random.Random) -> int:
    return chance.randint(1, 5)


def _moment(chance: random.Random) -> float:
    return round(chance.uniform(0.2, 2.0), 3)


FAULTS: Final[dict[str, tuple[int, Demands]]] = {
    "disconnect": (2, lambda chance: {"seconds": round(chance.uniform(0.0, 0.5), 3)}),
    "silence": (2, lambda chance: {"seconds": _moment(chance)}),
    "stall": (1, lambda chance: {"seconds": _moment(chance)}),
    "slow": (1, lambda chance: {"delay_ms": chance.randint(1, 20), "seconds": _moment(chance)}),
    "cut": (4, lambda _: {"count": 1}),
    "cut_before": (3, lambda _: {"count": 1}),
    "lose": (1, lambda chance: {"seconds": round(_moment(chance) / 4, 3), "code": chance.choice((1101, 1102))}),
    "reset": (1, lambda chance: {"seconds": round(_moment(chance) / 4, 3)}),
    "repeat": (3, lambda chance: {"count": 5 * _few(chance)}),
    "reorder": (4, lambda chance: {"count": 3 * _few(chance)}),
    "slices": (3, lambda chance: {"shares": chance.choice((0, 1, 3, 10))}),
    "reject": (2, lambda chance: {"code": chance.choice((201, 203, 110, 10243)), "count": 1}),
    "race": (2, lambda chance: {"count": _few(chance)}),
    "slow_cancels": (2, lambda chance: {"seconds": _moment(chance)}),
    "freeze": (1, lambda chance: {"seconds": _moment(chance)}),
    "correct": (4, lambda chance: {"exec_id": "", "shares": chance.randint(1, 3), "price": "50.25"}),
    "bust": (2, lambda _: {"exec_id": ""}),
    "late_executions": (3, lambda chance: {"count": _few(chance), "seconds": _moment(chance)}),
    "late_commissions": (3, lambda chance: {"count": _few(chance), "seconds": _moment(chance)}),
    "commission_first": (3, lambda chance: {"count": _few(chance)}),
    "repeat_executions": (3, lambda chance: {"count": _few(chance)}),
    "repeat_commissions": (2, lambda chance: {"count": _few(chance)}),
    "regress": (2, lambda chance: {"count": _few(chance)}),
    "zero_perm_id": (2, lambda chance: {"count": _few(chance)}),
    "false_cancel": (2, lambda chance: {"code": chance.choice((10349, 399, 161)), "count": 1}),
    "withhold": (2, lambda _: {"count": 1}),
    "roll_back_ids": (2, lambda chance: {"count": chance.randint(1, 100)}),
}
"""Demands of the broker by name: how often, and with what."""


_AFTER: Final = (0, 0, 1, 2, 5, 10, 20, 30)
"""Orders between two kills; with none, who has not come back yet is hit while it does."""


@dataclass(frozen=True, slots=True)
class Strike:
    """`after` so many orders have been placed since the strike before it, and then `wait_s`.

    `at_once`: when the next order leaves for the service.
    """

    kind: str
    wait_s: float
    after: int = 0
    down_s: float = 0.0
    at_once: bool = False
    which: int = 0
    demand: tuple[tuple[str, Any], ...] = ()


def schedule(seed: int, kills: int) -> tuple[Strike, ...]:
    """That many kills, and before each of them some false words or cuts; of all kinds, where there is room for all."""
    chance = random.Random(seed)  # noqa: S311 - it must come again when it is asked for again
    faults = {name: weight for name, (weight, _) in FAULTS.items()}
    rounds = [chance.randint(1, 3) for _ in range(kills)]
    names = iter(_dealt(chance, faults, sum(rounds)))
    strikes: list[Strike] = []
    for kind, count in zip(_dealt(chance, KILLS, kills), rounds, strict=True):
        for name in islice(names, count):
            demand = tuple(FAULTS[name][1](chance).items())
            strikes.append(Strike(name, round(chance.uniform(0.0, 0.15), 3), demand=demand))
        strikes.append(
            Strike(
                kind,
                round(chance.uniform(0.0, 0.2), 3),
                after := chance.choice(_AFTER),
                round(chance.choice((0.0, 0.0, chance.uniform(0.0, 1.0))), 3),
                after > 0 and chance.random() < 0.6,
                chance.randrange(1 << 20),
            )
        )
    return tuple(strikes)


def _dealt(chance: random.Random, weights: Mapping[str, int], count: int) -> list[str]:
    """So many by weight, each at least once where that is possible."""
    names = list(weights)
    dealt = chance.sample(names, min(count, len(names)))
    dealt += chance.choices(names, list(weights.values()), k=count - len(dealt))
    chance.shuffle(dealt)
    return dealt


class Striker:
    """Carries out a schedule. `order_leaves`: set by callers whenever one does; `placed`: waits for so many orders."""

    def __init__(
        self,
        site: Site,
        strikes: Sequence[Strike],
        order_leaves: asyncio.Event,
        placed: Callable[[int], Awaitable[None]],
    ) -> None:
        self._site, self._strikes, self._order_leaves, self._placed = site, strikes, order_leaves, placed
        self.done: dict[str, int] = {}

    @property
    def kills(self) -> int:
        """Processes that were killed."""
        return sum(count for kind, count in self.done.items() if kind in KILLS)

    async def run(self) -> None:
        """All of them, in order; whoever is killed comes back while the next ones wait for it."""
        async with asyncio.TaskGroup() as returning:
            for strike in self._strikes:
                await self._strike(strike, returning)
                self.done[strike.kind] = self.done.get(strike.kind, 0) + 1

    async def _strike(self, strike: Strike, returning: asyncio.TaskGroup) -> None:
        if strike.kind not in KILLS:
            await asyncio.sleep(strike.wait_s)
            await self._demand(strike)
            return
        await self._placed(strike.after)
        if strike.kind in INSTANTS:
            async with asyncio.timeout(_PASSED_WITHIN_S):
                await self._site.kill_at(strike.kind, strike.which % 4)
            return
        if strike.at_once:
            self._order_leaves.clear()
            await self._order_leaves.wait()
            await asyncio.sleep(strike.wait_s / 10)  # a commit and a message to the broker take some milliseconds
        else:
            await asyncio.sleep(strike.wait_s)
        match strike.kind:
            case "service":
                any_one = self._site.services[strike.which % len(self._site.services)]
                service = any_one if strike.which % 10 == 0 else self._site.active or any_one
                returning.create_task(service.kill(strike.down_s))
            case "gateway":
                returning.create_task(self._site.gateway.kill(strike.down_s))
            case _:
                returning.create_task(self._site.kill_database())

    async def _demand(self, strike: Strike) -> None:
        """Until somebody listens who does it: there may be no fill yet to correct."""
        async with asyncio.timeout(_PASSED_WITHIN_S):
            while True:
                told = await self._site.gateway.demand(do=strike.kind, **dict(strike.demand))
                if told and told["ok"]:
                    return
                await asyncio.sleep(0.05)
