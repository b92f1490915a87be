"""Random numbers that are the same on every machine and in every order of asking.

Each purpose has a stream of its own, keyed by the hash of what it is for. Only the raw words of Philox are used, whose
stream is fixed by its definition, and only sums and products are made of them: numpy's distributions may change with
its version, and `log` or `cos` with the processor.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_LANES = 4
_LANE_MAX = 65_535
# Of the sum of four lanes, each uniform on 0..65535.
_LANES_MEAN = _LANES * _LANE_MAX / 2.0
_LANES_DEVIATION = (_LANES * ((_LANE_MAX + 1) ** 2 - 1) / 12.0) ** 0.5
# A calm day, a lively one, a shock: share of days and deviation, chosen to have a variance of one together.
_SHOCK, _LIVELY = 0.004, 0.05
_SHOCK_SCALE, _LIVELY_SCALE, _CALM_SCALE = 5.0, 2.2, 0.845


def words(count: int, seed: int, *purpose: object) -> Words:
    """The first `count` 64-bit words of that purpose's stream, shape (count,)."""
    text = "/".join(str(part) for part in (seed, *purpose))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    raw: Words = np.random.Philox(key=key).random_raw(count)
    return raw


def uniforms(raw: Words) -> Floats:
    """In [0, 1), shape as given."""
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(raw: Words) -> Floats:
    """Nearly standard normal, bounded by 3.5: the sum of each word's four 16-bit lanes. Shapes (n,)."""
    sums: Floats = raw.view(np.uint16).reshape(-1, _LANES).sum(axis=1, dtype=np.float64)
    standard: Floats = (sums - _LANES_MEAN) / _LANES_DEVIATION
    return standard


def fat_tailed(raw: Words, regime: Words) -> Floats:
    """Mean 0, deviation 1, kurtosis about 11, as daily returns have it. Shapes (n,)."""
    chance = uniforms(regime)
    scale = np.where(chance < _SHOCK, _SHOCK_SCALE, np.where(chance < _LIVELY, _LIVELY_SCALE, _CALM_SCALE))
    return normals(raw) * scale
