"""The trials of one optimisation: asked for in generations, run in pieces, stored as they finish."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import METRICS, OptimizationSpec, OptimizationStage
from scizor.engine.arrays import IndexArray
from scizor.ports.optimizations import TrialBatch, TrialColumns, joined
from scizor.ports.search import Search, Told
from scizor.services.backtest.optimization.measures import figures_of, values_of, violations_of
from scizor.services.backtest.optimization.progress import Teller
from scizor.services.backtest.optimization.study import signatures_of
from scizor.services.backtest.optimization.workshop import Workshop
from scizor.strategy.study import Found

_PIECE_S: Final = 0.25
"""What a piece should take: long beside its handing out, short beside a cancel."""
_LARGEST_PIECE: Final = 4_096
_PIECES_A_SLOT: Final = 2


@dataclass(slots=True, eq=False)
class _Generation:
    """Sets whose numbers begin with `first`; their `told` fills as trials finish."""

    first: int
    told: Told
    missing: int


class SearchRun:
    """Runs all trials that a search asks for and are not `stored` yet; `found` are all of them, by number."""

    def __init__(
        self, spec: OptimizationSpec, search: Search, workshop: Workshop, teller: Teller, stored: TrialBatch
    ) -> None:
        self._spec, self._search, self._workshop, self._teller = spec, search, workshop, teller
        self._stored, self._batches = stored.trials, [stored] if len(stored.trials) else []
        self._next, self._piece = 1, 0
        self._under_way: dict[asyncio.Task[Found], tuple[_Generation, IndexArray, float]] = {}
        self._storing: asyncio.Task[None] | None = None

    @property
    def found(self) -> TrialBatch:
        """What was stored and what was run."""
        return joined(self._batches, len(self._spec.space.axes))

    async def run(self) -> None:
        """To the last trial, which may still be on its way to storage.

        Raises Lost, Unavailable, and what is wrong with all sets.
        """
        try:
            while True:
                generation = await asyncio.to_thread(self._following)
                self._teller.at(OptimizationStage.SEARCHING, self._search.total, self._search.left_out)
                if not len(generation.told.codes):
                    break
                await self._hand_out(generation)
                if self._search.adaptive:
                    await self._until(0)
                    self._search.tell(generation.told)
            await self._until(0)
        except BaseException:
            await self._give_up()
            raise

    async def stored(self) -> None:
        """Until all that was found is stored. Raises Lost, Unavailable."""
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing

    async def _give_up(self) -> None:
        tasks = [*self._under_way, *([self._storing] if self._storing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _following(self) -> _Generation:
        """The next generation, with what is stored of it; an adaptive search is led past those stored whole."""
        size = self._search.next_size
        while size and np.all(np.isin(np.arange(self._next, self._next + size), self._stored.numbers)):
            generation = self._with_stored(self._codes_stored(size))
            self._search.recall(generation.told)
            size = self._search.next_size
        return self._with_stored(self._search.ask())

    def _codes_stored(self, size: int) -> FloatArray:
        first = int(np.searchsorted(self._stored.numbers, self._next))
        return self._stored.codes[first : first + size]

    def _with_stored(self, codes: FloatArray) -> _Generation:
        n = len(codes)
        told = Told(codes, np.full((n, len(self._spec.objectives)), np.nan), np.zeros(n))
        generation = _Generation(self._next, told, n)
        first, last = np.searchsorted(self._stored.numbers, [self._next, self._next + n])
        part = slice(int(first), int(last))
        figures = {metric: self._stored.figures[metric][part] for metric in METRICS}
        self._take(generation, self._stored.numbers[part] - self._next, figures)
        self._next += n
        return generation

    def _take(self, generation: _Generation, places: IndexArray, figures: dict[str, FloatArray]) -> None:
        generation.told.values[places] = values_of(self._spec.objectives, figures)
        generation.told.violations[places] = violations_of(self._spec.constraints, figures)
        generation.missing -= len(places)

    async def _hand_out(self, generation: _Generation) -> None:
        numbers = generation.first + np.arange(len(generation.told.codes))
        missing = np.flatnonzero(~np.isin(numbers, self._stored.numbers))
        share = math.ceil(len(missing) / self._workshop.slots)
        while len(missing):
            await self._until(_PIECES_A_SLOT * self._workshop.slots - 1)
            # Numbers of a piece follow each other, so that a batch is known by its first one.
            run = int(np.argmax(np.diff(missing, append=-1) != 1)) + 1
            piece, missing = np.split(missing, [min(self._size(share), run)])
            codes = np.ascontiguousarray(generation.told.codes[piece])
            task = asyncio.create_task(self._workshop.try_sets(codes))
            self._under_way[task] = (generation, piece, asyncio.get_running_loop().time())

    def _size(self, share: int) -> int:
        """Of the next piece, which is no more than each slot's share."""
        if not self._piece:
            return min(share, _LARGEST_PIECE) if self._workshop.quick else 1
        return max(1, min(share, self._piece))

    async def _until(self, most: int) -> None:
        """Store what finishes, until at most so many pieces are under way."""
        while len(self._under_way) > most:
            done, _ = await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                generation, piece, begun = self._under_way.pop(task)
                found = task.result()
                took_s = max(asyncio.get_running_loop().time() - begun, 1e-6)
                self._piece = int(min(max(_PIECE_S * len(piece) / took_s, 1), _LARGEST_PIECE))
                await self._keep(generation, piece, found)

    async def _keep(self, generation: _Generation, piece: IndexArray, found: Found) -> None:
        figures, codes = figures_of(found.figures), generation.told.codes[piece]
        numbers, failed = generation.first + piece, np.zeros(len(piece), np.bool_)
        failed[list(found.errors)] = True
        for column in figures.values():
            column[failed] = np.nan
        self._take(generation, piece, figures)
        columns = TrialColumns(
            numbers=numbers,
            codes=codes,
            figures=figures,
            feasible=(generation.told.violations[piece] == 0) & ~failed,
            failed=failed,
            signatures=signatures_of(self._spec, codes),
            errors={int(numbers[place]): message for place, message in found.errors.items()},
        )
        self._batches.append(TrialBatch(columns, found.scores, found.sums))
        # A batch is stored while the next ones run, and no more than one waits.
        await self.stored()
        self._storing = asyncio.create_task(self._teller.store(self._batches[-1]))
