"""`scizor trade …`: orders, positions, risk and strategies at work, on an account at the broker."""

from __future__ import annotations

import typer

from scizor.client.cli.entry import group, help_of
from scizor.client.cli.trade import deployments, orders, positions, risk, standing, watching

_SUBJECTS = (standing, orders, positions, watching, risk, deployments)
commands = group(help_of("trade"), "scizor trade buy AAPL 100 --limit 270.25 --wait")

for _subject in _SUBJECTS:  # the order is that of the help
    _subject.register(commands)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(commands, name="trade")
