"""The built-in instruments: ASX 200, the Nasdaq's largest and ETFs."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from scizor.domain.instruments import AssetType, Instrument


@cache
def universe() -> tuple[Instrument, ...]:
    """All of them, each once, as their list has them."""
    text = resources.files(__package__).joinpath("universe.csv").read_text(encoding="utf-8")
    return tuple(_instrument(row) for row in csv.DictReader(text.splitlines()))


def _instrument(row: dict[str, str]) -> Instrument:
    return Instrument(
        symbol=row["symbol"],
        primary_exchange=row["primary_exchange"],
        currency=row["currency"],
        exchange=row["exchange"],
        name=row["name"],
        asset_type=AssetType[row["asset_type"]],
        sector=row["sector"],
        group=row["group"],
    )
