"""Instruments divided among streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

MOST_A_STREAM: Final = 100  # the service takes no more in one


def full_id(instrument: str) -> str:
    """The id streams name it by: symbol and primary exchange, without the reference's currency."""
    return instrument.rpartition(".")[0]


def parted(instruments: Iterable[str], parts: Iterable[Collection[str]] = ()) -> list[tuple[str, ...]]:
    """The parts with the instruments put where there is room, or in new ones; no part has two of one full id."""
    divided = [list(part) for part in parts]
    for new in instruments:
        room = next((part for part in divided if _has_room(part, new)), None)
        if room is None:
            divided.append([new])
        else:
            room.append(new)
    return [tuple(part) for part in divided if part]


def _has_room(part: Collection[str], new: str) -> bool:
    return len(part) < MOST_A_STREAM and full_id(new) not in map(full_id, part)
