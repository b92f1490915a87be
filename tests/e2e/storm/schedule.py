"""When what is killed, drawn from a number: the same for the same number."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.e2e.storm.requests import Kind
from tests.e2e.storm.site import Site

Hit = Callable[[Site, random.Random], Awaitable[str]]

MOST_COSTLY: Final = 2
"""A job is begun three times at most, so nothing may take it with it more often in one wave."""
_MOST_MENDED: Final = 2  # of a kind, for the same reason


@dataclass(frozen=True, slots=True)
class Hits:
    """What can be killed on a site. `costly`: a job's attempt goes with it; `mended`: within the attempt."""

    costly: dict[str, Hit]
    mended: dict[str, Hit]

    @property
    def all(self) -> dict[str, Hit]:
        """Both."""
        return self.costly | self.mended


@dataclass(frozen=True, slots=True)
class Strike:
    """One process is killed `at_s` after the wave began; `chance` decides which of its kind."""

    at_s: float
    kind: str
    chance: int


@dataclass(frozen=True, slots=True)
class Wave:
    """Requests by kind, when each is asked for, and what is killed meanwhile."""

    seed: int
    asked: tuple[tuple[float, str], ...]
    strikes: tuple[Strike, ...]


def hits(*, hosted: bool, dask: bool) -> Hits:
    """On a site with uploaded code, with a cluster."""
    costly: dict[str, Hit] = {
        "service": Site.kill_service,
        "database": Site.kill_database,
        "connection": Site.kill_connection,
    }
    mended: dict[str, Hit] = {"dask worker": Site.kill_dask_worker} if dask else {"worker": Site.kill_worker}
    if dask:
        costly["scheduler"] = Site.kill_scheduler
    if hosted:
        costly["warden"], mended["locked"] = Site.kill_warden, Site.kill_locked
    return Hits(costly, mended)


def wave(seed: int, kinds: Sequence[Kind], on: Hits, *, requests: int, length_s: float) -> Wave:
    """The wave of that number."""
    chance = random.Random(seed)  # noqa: S311 - it must come again when it is asked for again
    names = chance.choices([kind.name for kind in kinds], [kind.weight for kind in kinds], k=requests)
    asked = sorted((round(chance.uniform(0.0, length_s / 2), 3), name) for name in names)
    killed = chance.choices(sorted(on.costly), k=chance.randint(1, MOST_COSTLY))
    killed += chance.sample(sorted(on.mended) * _MOST_MENDED, k=chance.randint(1, 3 if len(on.mended) > 1 else 2))
    strikes = [Strike(round(chance.uniform(0.2, length_s), 3), name, chance.randrange(1 << 30)) for name in killed]
    return Wave(seed, tuple(asked), tuple(sorted(strikes, key=lambda strike: strike.at_s)))
