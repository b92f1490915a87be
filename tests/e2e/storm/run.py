"""A wave of requests under a schedule of kills, and what must hold when it is over."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from scizor.backtest.v1 import backtest_service_pb2 as rpc
from tests.e2e.storm.callers import Caller, Followed
from tests.e2e.storm.ledger import attempts, discrepancies, watch_ends
from tests.e2e.storm.outcomes import Outcome, outcome_of
from tests.e2e.storm.requests import Kind, builtin, store_symbols, uploaded, uploads
from tests.e2e.storm.schedule import Hits, Strike, Wave, hits, wave
from tests.e2e.storm.site import Site

_CALLERS: Final = 4
_numbers = itertools.count(1)


@dataclass
class Storm:
    """A site with what each kind of request comes to when nothing fails."""

    site: Site
    kinds: dict[str, Kind]
    hits: Hits
    calm: dict[str, Outcome]
    jobs: set[str] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    discrepancies: int = 0

    def wave(self, seed: int, *, requests: int = 14, length_s: float = 4.0) -> Wave:
        """The wave of that number on this site."""
        return wave(seed, list(self.kinds.values()), self.hits, requests=requests, length_s=length_s)

    async def weather(self, wave: Wave) -> list[str]:
        """Let a wave go by; what was wrong with it."""
        found: list[str] = []
        # Who asks is as much of the wave as what is killed.
        chance = random.Random(wave.seed)  # noqa: S311
        callers = [Caller(self.site.services, random.Random(chance.random())) for _ in range(_CALLERS)]  # noqa: S311
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._asked(callers[place % _CALLERS], self.kinds[name], begun_s))
                for place, (begun_s, name) in enumerate(wave.asked)
            ]
            for strike in wave.strikes:
                group.create_task(self._strike(strike))
        for task in asked:
            followed = task.result()
            self.jobs.add(followed.job_id)
            name, outcome = followed.kind.name, await outcome_of(callers[0], followed)
            wrong = [*followed.mistold(), *outcome.differences(self.calm[name])]
            found += [f"{name} {followed.job_id}: {one}" for one in wrong]
        found += await discrepancies(self.site.dsn, self.jobs)
        found += [f"left behind: {one}" for one in await self.site.orphans()]
        self.discrepancies += len(found)
        return found

    async def summary(self) -> str:
        """In one line."""
        killed = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        again = await attempts(self.site.dsn)
        return (
            f"killed {killed}; {len(self.jobs)} jobs, {again} backtests begun again; {self.discrepancies} discrepancies"
        )

    async def _asked(self, caller: Caller, kind: Kind, begun_s: float) -> Followed:
        await asyncio.sleep(begun_s)
        return await caller.run(kind, f"storm-{next(_numbers)}")

    async def _strike(self, strike: Strike) -> None:
        await asyncio.sleep(strike.at_s)
        hit = await self.hits.all[strike.kind](self.site, random.Random(strike.chance))  # noqa: S311
        self.kills[hit or f"no {strike.kind}"] += 1


async def storm_at(site: Site, *, hosted: bool = True, left_out: Collection[str] = ()) -> Storm:
    """Fill the site, and run each kind but those left out once while nothing fails."""
    await store_symbols(site.dsn)
    await watch_ends(site.dsn)
    caller = Caller(site.services, random.Random(0))  # noqa: S311
    running = [_undisturbed(caller, [kind for kind in builtin() if kind.name not in left_out], [])]
    if hosted:
        kept = [kind for kind in uploaded() if kind.name not in left_out]
        running.append(_undisturbed(caller, kept, uploads()))
    ended = list(itertools.chain.from_iterable(await asyncio.gather(*running)))
    calm = {one.kind.name: outcome for one, outcome in ended}
    offered = {one.kind.name: one.kind for one, _ in ended}
    on = hits(hosted=hosted, dask=bool(site.cluster))
    return Storm(site, offered, on, calm, {one.job_id for one, _ in ended})


async def _undisturbed(
    caller: Caller, kinds: list[Kind], texts: list[rpc.CreateStrategyRequest]
) -> list[tuple[Followed, Outcome]]:
    for text in texts:
        await caller.call(lambda service, text=text: service.stub.CreateStrategy(text, timeout=60.0))  # type: ignore[misc] # what a lambda's default is
    ended = await asyncio.gather(*(caller.run(kind, f"calm-{kind.name}") for kind in kinds))
    return [(one, await outcome_of(caller, one)) for one in ended]
