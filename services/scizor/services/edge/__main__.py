"""Render the edge's configuration, let Envoy itself judge it, or become Envoy.

python -m scizor.services.edge --output envoy.yaml --validate --marketdata marketdata:50051
python -m scizor.services.edge --output envoy.yaml --run
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from scizor.services.edge.config import EdgeSettings, command, render

_VALIDATE_S = 30


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: that of Envoy's validation when it was asked for. With --run it does not return."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.run and not given.output:
        parser.error("--run needs --output: Envoy reads the configuration from a file")
    settings = EdgeSettings(**{each.name: getattr(given, each.name) for each in fields(EdgeSettings)})
    config = render(settings)
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(config)
    elif not given.validate:
        sys.stdout.write(config)
    if given.run:
        envoy = command(given.output)
        os.execv(envoy[0], envoy)  # noqa: S606 - Envoy takes this process over: one process to signal and to wait for
    return _validate(config) if given.validate else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scizor.services.edge", description="Render the edge's configuration."
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it here instead of to the terminal")
    parser.add_argument("--validate", action="store_true", help="let Envoy check it")
    parser.add_argument("--run", action="store_true", help="then become Envoy, serving by it")
    for each in fields(EdgeSettings):
        default: Any = each.default
        name = "--" + each.name.replace("_", "-")
        parser.add_argument(name, type=type(default), default=default, help=f"default: {default}".replace("%", "%%"))
    return parser


def _validate(config: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "envoy.yaml"
        path.write_text(config)
        return subprocess.run([*command(path), "--mode", "validate"], timeout=_VALIDATE_S, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
