"""How the edge is started: its own module renders the configuration and becomes Envoy."""

from __future__ import annotations

import sys

from scizor.services.local.settings import BIND_HOST, LocalSettings


def edge_command(settings: LocalSettings) -> list[str]:
    """The arguments that run the edge on these settings."""
    options = {
        "output": settings.home / "run" / "envoy.yaml",
        "host": BIND_HOST,
        "port": settings.edge_port,
        "marketdata-port": settings.marketdata_rest_port,
        "backtest-port": settings.backtest_rest_port,
        "trading-port": settings.trading_rest_port,
        "admin-port": settings.edge_admin_port,
        "marketdata": f"{BIND_HOST}:{settings.marketdata_port}",
        "backtest": f"{BIND_HOST}:{settings.backtest_port}",
        "trading": f"{BIND_HOST}:{settings.trading_port}",
    }
    given = (text for name, value in options.items() for text in (f"--{name}", str(value)))
    return [sys.executable, "-m", "scizor.services.edge", "--run", *given]
