"""A spec and its bars as what workers are sent, and what makes sets of different optimisations comparable."""

from __future__ import annotations

import json
from hashlib import blake2b, sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.codec.plain import to_plain
from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import BacktestSpec
from scizor.domain.optimizations import OptimizationSpec
from scizor.domain.search_spaces import Axis, Value
from scizor.engine.arrays import DateArray
from scizor.engine.market import Market
from scizor.services.backtest.optimization.divisions import Divisions
from scizor.services.backtest.terms import settings_of
from scizor.strategy.study import Study

_Hashes = npt.NDArray[np.uint64]


def sessions_of(market: Market) -> DateArray:
    """The dates of its sessions, ascending."""
    sessions: DateArray = np.unique(market.panel.sessions)
    return sessions


def study_of(spec: OptimizationSpec, market: Market, divisions: Divisions) -> Study:
    """What trials share."""
    return Study(
        market=market,
        settings=settings_of(spec.backtest),
        strategy_id=spec.backtest.strategy_id,
        space=spec.space,
        fixed=spec.backtest.parameters,
        score=spec.objectives[0].metric,
        splits=divisions.splits,
    )


def family_of(spec: BacktestSpec) -> str:
    """Equal for searches that are attempts at the same thing: one strategy over the same symbols' bars.

    Whatever the range, the costs or the code's version: another try is another try.
    """
    told = json.dumps([spec.strategy_id, sorted(spec.symbols), int(spec.interval)], separators=(",", ":"))
    return sha256(told.encode()).hexdigest()


def signatures_of(spec: OptimizationSpec, codes: FloatArray) -> npt.NDArray[np.int64]:
    """For sets (n, n_axes) a number each, equal for equal runs, in whichever optimisation and searched or fixed."""
    template: dict[str, Any] = to_plain(spec.backtest)
    for name in ("parameters", "title", "benchmark"):
        template.pop(name)
    found = np.full(len(codes), _hash(template), np.uint64)
    for name, value in spec.backtest.parameters.items():
        found ^= _hash([name, _plain(value)])
    for at, axis in enumerate(spec.space.axes):
        found ^= _column(axis, codes[:, at])
    return found.view(np.int64)


def _column(axis: Axis, codes: FloatArray) -> _Hashes:
    distinct, place = np.unique(codes, return_inverse=True)
    hashes = np.array([_hash([axis.name, _plain(axis.value(code))]) for code in distinct.tolist()], np.uint64)
    return hashes[place]


def _plain(value: Value) -> Value:
    """10 and 10.0 are one value."""
    return value if isinstance(value, bool | str) else float(value)


def _hash(told: Any) -> np.uint64:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))
