"""What a run is made of, in one hash: equal fingerprints mean equal results, on any platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from hashlib import sha256

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.prices import Prices
from scizor.engine.settings import Settings


def fingerprint(
    engine_version: str,
    strategy_id: str,
    strategy_version: str,
    parameters: Mapping[str, int | float | str],
    settings: Settings,
    prices: Prices,
) -> str:
    """SHA-256, 64 hex digits, over everything a result follows from."""
    digest = sha256()
    recipe = {
        "engine": engine_version,
        "strategy": [strategy_id, strategy_version],
        "parameters": dict(parameters),
        "settings": {name: _canonical_setting(value) for name, value in asdict(settings).items()},
        "symbols": prices.symbols,
        "n_sessions": prices.n_sessions,
    }
    # One line: what follows it has a length it names, so no two recipes share their bytes.
    digest.update(json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n")
    digest.update(prices.sessions.astype("datetime64[D]").astype("<i8").tobytes())
    for matrix in (prices.open, prices.high, prices.low, prices.close):
        digest.update(_canonical(matrix))
    return digest.hexdigest()


def _canonical_setting(value: bool | float | Enum) -> bool | float | str:
    # 10_000 and 10_000.0 are one setting; a choice is its name, whatever number stands for it.
    if isinstance(value, Enum):
        return value.name
    return value if isinstance(value, bool) else float(value)


def _canonical(matrix: FloatArray) -> bytes:
    # A missing bar is one bit pattern, whichever NaN it came as.
    return np.where(np.isnan(matrix), np.nan, matrix).astype("<f8").tobytes()
