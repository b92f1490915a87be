"""`scizor trade …`: orders, positions, risk and strategies at work, on an account at the broker."""

from __future__ import annotations

import typer

from scizor.client.cli import (
    trade_deployments,
    trade_orders,
    trade_positions,
    trade_risk,
    trade_standing,
    trade_watching,
)
from scizor.client.cli.entry import group, help_of

_SUBJECTS = (trade_standing, trade_orders, trade_positions, trade_watching, trade_risk, trade_deployments)
commands = group(help_of("trade"), "scizor trade buy AAPL 100 --limit 270.25 --wait")

for _subject in _SUBJECTS:  # the order is that of the help
    _subject.register(commands)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="trade")
