"""What a collection has come to so far."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scizor.domain.collections import Chunk, ChunkState, CollectionProgress, CollectionState

_RATE_WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What one batch adds."""

    requests: int = 0
    received: int = 0
    inserted: int = 0
    updated: int = 0
    rejected: int = 0


class Tally:
    """The progress of a collection whose chunks in `pending` are still to come."""

    def __init__(self, progress: CollectionProgress, pending: Iterable[Chunk], now_s: float) -> None:
        self.progress = progress
        self._left = Counter(chunk.key for chunk in pending)
        self._ends: deque[tuple[float, int]] = deque([(now_s, 0)])

    @property
    def left(self) -> int:
        """Chunks that have not ended."""
        return self._left.total()

    def after(self, chunks: Sequence[Chunk], counts: Counts) -> CollectionProgress:
        """The progress once these chunks stand as they do and these counts are added."""
        before, ended = self.progress, [chunk for chunk in chunks if chunk.state is not ChunkState.PENDING]
        keys = Counter(chunk.key for chunk in ended)
        failed = sum(chunk.state is ChunkState.FAILED for chunk in ended)
        return replace(
            before,
            sequence=before.sequence + 1,
            symbols_done=before.symbols_done + sum(self._left[key] == number for key, number in keys.items()),
            chunks_done=before.chunks_done + len(ended) - failed,
            chunks_failed=before.chunks_failed + failed,
            requests=before.requests + counts.requests,
            bars_received=before.bars_received + counts.received,
            new_bars=before.new_bars + counts.inserted,
            bars_updated=before.bars_updated + counts.updated,
            bars_rejected=before.bars_rejected + counts.rejected,
            symbol=next((chunk.symbol for chunk in reversed(ended)), before.symbol),
        )

    def take(self, chunks: Sequence[Chunk], progress: CollectionProgress) -> None:
        """That progress was saved."""
        self._left.subtract(chunk.key for chunk in chunks if chunk.state is not ChunkState.PENDING)
        self.progress = progress

    def timed(self, progress: CollectionProgress, now_s: float) -> CollectionProgress:
        """The progress with the time that is left, by the rate of the last half minute."""
        done = progress.chunks_done + progress.chunks_failed
        self._ends.append((now_s, done))
        while now_s - self._ends[0][0] > _RATE_WINDOW_S:
            self._ends.popleft()
        since_s, before = self._ends[0]
        rate = (done - before) / (now_s - since_s) if now_s > since_s else 0.0
        return replace(progress, remaining_s=(progress.chunks_total - done) / rate if rate > 0 else None)

    @property
    def outcome(self) -> CollectionState:
        """What the collection ends as, once no chunk is left."""
        if self.progress.chunks_failed == 0:
            return CollectionState.SUCCEEDED
        return CollectionState.PARTIAL if self.progress.chunks_done else CollectionState.FAILED
