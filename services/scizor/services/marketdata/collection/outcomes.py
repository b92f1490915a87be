"""What asking for one chunk came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scizor.domain.collections import Chunk, ChunkFailure
from scizor.ports.broker import HistoryAnswer


@dataclass(frozen=True, slots=True)
class Answered:
    """`answer`: None where nothing had to be asked. `earliest`: sessions before it were not listed."""

    chunk: Chunk
    answer: HistoryAnswer | None
    earliest: date = date.min
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """`passes`: asked again later. `counts`: whether it counts as an attempt; `known`: whether the symbol is stored."""

    chunk: Chunk
    failure: ChunkFailure
    passes: bool
    requests: int = 0
    counts: bool = True
    known: bool = True


Outcome = Answered | Failed
