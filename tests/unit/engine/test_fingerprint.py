from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from scizor.engine import Settings, fingerprint
from tests.unit.engine.build import NAN, prices_of

PRICES = prices_of([[10, NAN], [11, 5]], [[10, NAN], [11, 5]])
RECIPE: dict[str, Any] = {
    "engine_version": "1",
    "strategy_id": "sma_cross",
    "strategy_version": "1",
    "parameters": {"fast": 10, "slow": 30},
    "settings": Settings(initial_cash=10_000),
    "prices": PRICES,
}


def test_the_fingerprint_is_the_hash_of_a_line_of_json_and_little_endian_columns() -> None:
    recipe = (
        '{"engine":"1","n_sessions":2,"parameters":{"fast":10,"slow":30},"settings":{"close_open_at_end":false,'
        '"commission_bps":0.0,"initial_cash":10000.0,"lot_size":1.0,"sizing":"AT_DECISION","slippage_bps":0.0},'
        '"strategy":["sma_cross","1"],"symbols":["S0","S1"]}\n'
    )
    sessions = struct.pack("<2q", 18_262, 18_263)  # days since 1970 of 2020-01-01 and -02
    matrix = struct.pack("<d", 10) + bytes.fromhex("000000000000f87f") + struct.pack("<2d", 11, 5)
    assert fingerprint(**RECIPE) == sha256(recipe.encode() + sessions + matrix * 4).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"engine_version": "2"},
        {"strategy_id": "other"},
        {"strategy_version": "2"},
        {"parameters": {"fast": 11, "slow": 30}},
        {"settings": Settings(initial_cash=10_000, commission_bps=1)},
        {"prices": replace(PRICES, symbols=("S0", "X"))},
        {"prices": replace(PRICES, sessions=PRICES.sessions + 1)},
        {"prices": replace(PRICES, high=PRICES.high * (1 + 1e-15))},
    ],
)
def test_whatever_a_result_follows_from_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(**RECIPE) != fingerprint(**{**RECIPE, **change})


def test_the_spelling_of_equal_inputs_does_not_change_the_fingerprint() -> None:
    other_nan = np.array([0x7FF8_0000_0000_0001], np.uint64).view(np.float64)[0]
    close = np.where(np.isnan(PRICES.close), other_nan, PRICES.close)
    same = {
        "parameters": {"slow": 30, "fast": 10},
        "settings": Settings(initial_cash=10_000.0),
        "prices": replace(PRICES, close=close),
    }
    assert fingerprint(**RECIPE) == fingerprint(**{**RECIPE, **same})
