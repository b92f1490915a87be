"""A wave of requests under a schedule of kills, and what must hold when it is over."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.storm.callers import Caller, Followed
from tests.e2e.storm.ledger import attempts, discrepancies, watch_ends
from tests.e2e.storm.outcomes import Outcome, outcome_of
from tests.e2e.storm.requests import Kind, kinds, store_symbols, uploads
from tests.e2e.storm.schedule import Hit, Wave, hits
from tests.e2e.storm.site import Site

_CALLERS: Final = 4
_numbers = itertools.count(1)


@dataclass
class Storm:
    """A site with what each kind of request comes to when nothing fails."""

    site: Site
    kinds: dict[str, Kind]
    hits: dict[str, Hit]
    calm: dict[str, Outcome]
    jobs: set[str] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)

    async def weather(self, seed: int, wave: Wave) -> None:
        """Let a wave go by."""
        chance = random.Random(seed)  # noqa: S311 - it must come again when it is asked for again
        callers = [Caller(self.site.services, random.Random(chance.random())) for _ in range(_CALLERS)]  # noqa: S311
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._asked(callers[place % _CALLERS], self.kinds[name], begun_s))
                for place, (name, begun_s) in enumerate(zip(wave.asked, wave.begun_s, strict=True))
            ]
            for strike in wave.strikes:
                group.create_task(self._strike(strike.at_s, strike.kind, strike.chance))
        for task in asked:
            followed = task.result()
            self.jobs.add(followed.job_id)
            outcome = await outcome_of(callers[0], followed)
            name = followed.kind.name
            wrong = [*_mistold(followed), *outcome.differences(self.calm[name])]
            self.found += [f"{name} {followed.job_id}: {one}" for one in wrong]
        self.found += await discrepancies(self.site.dsn, self.jobs)

    async def summary(self) -> str:
        """In one line."""
        killed = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        again = await attempts(self.site.dsn)
        return f"killed {killed}; {len(self.jobs)} jobs, {again} backtests begun again; {len(self.found)} discrepancies"

    async def _asked(self, caller: Caller, kind: Kind, begun_s: float) -> Followed:
        await asyncio.sleep(begun_s)
        return await caller.run(kind, f"storm-{next(_numbers)}")

    async def _strike(self, at_s: float, kind: str, chance: int) -> None:
        await asyncio.sleep(at_s)
        hit = await self.hits[kind](self.site, random.Random(chance))  # noqa: S311
        self.kills[hit.partition(" ")[0] or f"no {kind}"] += 1


async def storm_at(site: Site, *, hosted: bool = True) -> Storm:
    """Fill the site, and run each kind once while nothing fails."""
    await store_symbols(site.dsn)
    await watch_ends(site.dsn)
    caller = Caller(site.services, random.Random(0))  # noqa: S311
    for upload in uploads() if hosted else ():
        await caller.call(lambda service, upload=upload: service.stub.CreateStrategy(upload, timeout=60.0))  # type: ignore[misc]
    offered = {kind.name: kind for kind in kinds(hosted=hosted)}
    followed = await asyncio.gather(*(caller.run(kind, f"calm-{name}") for name, kind in offered.items()))
    calm = {one.kind.name: await outcome_of(caller, one) for one in followed}
    jobs = {one.job_id for one in followed}
    return Storm(site, offered, hits(hosted=hosted, dask=bool(site.cluster)), calm, jobs)


def _mistold(followed: Followed) -> list[str]:
    """What a watcher was told that it should not have been."""
    found = []
    if followed.told != sorted(followed.told):
        found.append(f"told out of order: {followed.told}")
    if followed.trials and sorted(followed.trials) != list(range(1, len(followed.trials) + 1)):
        found.append(f"trials told: {sorted(followed.trials)}")
    return found
