"""Where trials are run: sets of codes go in, what came of them comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.ports.compute import Compute
from scizor.services.backtest.handing import handed_over
from scizor.strategy.study import Found, Study, returns_of, together, try_sets

Answer = TypeVar("Answer")


class Workshop(Protocol):
    """Runs trials of one study. Cancelling a call gives its trials up.

    `slots`: calls worth having under way at a time. `quick`: whether a set takes so little that many go in one call.
    """

    quick: bool

    @property
    def slots(self) -> int:
        """See above."""
        ...

    async def try_sets(self, codes: FloatArray) -> Found:
        """Run sets (n, n_axes). Raises what is wrong with all of them, and Unavailable."""
        ...

    async def returns_of(self, codes: FloatArray) -> FloatArray:
        """Their returns by session, (n, n_sessions)."""
        ...

    def close(self) -> None:
        """Let go of the study."""
        ...


class ComputeWorkshop:
    """A workshop on `ports.compute`: the study is shared once, each call is a task."""

    def __init__(self, compute: Compute, key: str, study: Study, *, quick: bool) -> None:
        self._compute, self._key, self.quick = compute, key, quick
        compute.share(key, study)

    @property
    def slots(self) -> int:
        """As many as tasks are worked on at a time."""
        return self._compute.slots

    async def try_sets(self, codes: FloatArray) -> Found:
        """Run sets."""
        return await self._done(try_sets, codes)

    async def returns_of(self, codes: FloatArray) -> FloatArray:
        """Their returns by session."""
        return await self._done(returns_of, codes)

    def close(self) -> None:
        """Let go of the study."""
        self._compute.forget(self._key)

    async def _done(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        return await handed_over(lambda: self._compute.submit(function, self._key, *arguments))


class ThreadWorkshop:
    """A workshop in threads of this process, for a search whose sets take less than what it takes to tell a worker."""

    quick, slots = True, 1

    def __init__(self, study: Study, threads: int) -> None:
        self._study, self._threads = study, threads

    async def try_sets(self, codes: FloatArray) -> Found:
        """Run sets, a part of them in each thread."""
        parts = [part for part in np.array_split(codes, self._threads) if len(part)]
        return together(await asyncio.gather(*(asyncio.to_thread(try_sets, self._study, part) for part in parts)))

    async def returns_of(self, codes: FloatArray) -> FloatArray:
        """Their returns by session."""
        return await asyncio.to_thread(returns_of, self._study, codes)

    def close(self) -> None:
        """The study goes with its last user."""
