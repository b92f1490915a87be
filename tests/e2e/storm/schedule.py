"""When what is killed, drawn from a number: the same for the same number."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.e2e.storm.requests import Kind
from tests.e2e.storm.site import Site

Hit = Callable[[Site, random.Random], Awaitable[str]]

COSTLY: Final[dict[str, Hit]] = {
    "service": Site.kill_service,
    "database": Site.kill_database,
    "connection": Site.kill_connection,
}
"""What may take a running backtest with it. One is begun three times at most: no wave has more than two of these."""
MENDED: Final[dict[str, Hit]] = {"worker": Site.kill_worker}
SANDBOX: Final[dict[str, Hit]] = {"warden": Site.kill_warden, "locked": Site.kill_locked}
CLUSTER: Final[dict[str, Hit]] = {"scheduler": Site.kill_scheduler, "dask worker": Site.kill_dask_worker}
MOST_COSTLY: Final = 2


@dataclass(frozen=True, slots=True)
class Strike:
    """One process is killed `at_s` after the wave began; `chance` decides which of its kind."""

    at_s: float
    kind: str
    chance: int


@dataclass(frozen=True, slots=True)
class Wave:
    """Requests that are asked for at once, by kind, and what is killed meanwhile."""

    asked: tuple[str, ...]
    begun_s: tuple[float, ...]
    strikes: tuple[Strike, ...]


def hits(*, hosted: bool, dask: bool) -> dict[str, Hit]:
    """All that can be killed on such a site."""
    return COSTLY | (CLUSTER if dask else MENDED) | (SANDBOX if hosted else {})


def wave(chance: random.Random, kinds: list[Kind], *, requests: int, length_s: float, others: dict[str, Hit]) -> Wave:
    """One wave. `others`: what may be killed beside COSTLY."""
    asked = chance.choices([kind.name for kind in kinds], [kind.weight for kind in kinds], k=requests)
    begun = sorted(round(chance.uniform(0.0, length_s / 2), 3) for _ in asked)
    names = chance.choices(sorted(COSTLY), k=chance.randint(1, MOST_COSTLY))
    names += chance.choices(sorted(others), k=chance.randint(1, 3))
    strikes = [Strike(round(chance.uniform(0.2, length_s), 3), name, chance.randrange(1 << 30)) for name in names]
    return Wave(tuple(asked), tuple(begun), tuple(sorted(strikes, key=lambda strike: strike.at_s)))
