"""What a run is made of, in one hash: equal fingerprints mean equal results, on any platform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any

from scizor.engine.market import Market
from scizor.engine.panel import update_digest
from scizor.engine.settings import Settings


def fingerprint(
    engine_version: str,
    strategy_id: str,
    strategy_version: str,
    parameters: Mapping[str, int | float | str | bool],
    settings: Settings,
    market: Market,
    first_row: int = 0,
) -> str:
    """SHA-256, 64 hex digits, over everything a result follows from.

    `strategy_version`: whatever tells two states of the strategy's code apart. Inputs that mean the same have the same
    fingerprint: a number however it is spelled, a schedule given for all symbols or for each, a currency left out.
    """
    panel, told = market.panel, cache(_canonical)  # hundreds of symbols share a schedule
    recipe = {
        "engine": engine_version,
        "strategy": [strategy_id, strategy_version],
        "parameters": _canonical(parameters),
        "settings": {one.name: _canonical(getattr(settings, one.name)) for one in fields(settings)},
        "symbols": panel.symbols,
        "commissions": [told(settings.schedule(symbol)) for symbol in panel.symbols],
        "listings": [
            {**told(one := market.listing(symbol)), "currency": one.currency or settings.base_currency}
            for symbol in panel.symbols
        ],
        "actions": [_actions(market.actions.get(symbol, ())) for symbol in panel.symbols],
        "rates": sorted(market.rates),
        "bars": panel.digest,
        "first_row": first_row,
    }
    recipe["settings"].pop("commission")
    # One line: what follows it has a length it names, so no two recipes share their bytes.
    digest = sha256(json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n")
    for currency in sorted(market.rates):
        update_digest(digest, market.rates[currency])
    return digest.hexdigest()


def _actions(listed: Iterable[Any]) -> list[Any]:
    """Without their sources, and in one order: neither moves a figure."""
    told = [
        [action.type.name, str(action.ex_date), float(action.value), str(action.pay_date or action.ex_date)]
        for action in listed
    ]
    return sorted(told)


def _canonical(value: Any) -> Any:
    # 10_000 and 10_000.0 are one setting; a choice is its name, whatever number stands for it.
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _canonical(one) for name, one in value.items()}
    if is_dataclass(value):
        return {one.name: _canonical(getattr(value, one.name)) for one in fields(value)}
    return [_canonical(one) for one in value]


def _number(value: float | Decimal) -> float:
    """A float where it says the same; an integer that none is equal to stays what it is."""
    try:
        number = float(value) + 0.0  # no negative zero
    except OverflowError:
        return int(value)
    return value if isinstance(value, int) and number != value else number
