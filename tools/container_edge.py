"""deploy/envoy.yaml: the edge as docker-compose.yml runs it, rendered from what renders every edge.

python -m tools.container_edge
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from scizor.services.edge.config import EdgeSettings, render

FILE: Final = Path(__file__).parent.parent / "deploy" / "envoy.yaml"
MOUNTED: Final = Path("/etc/envoy")
SETTINGS: Final = EdgeSettings(
    host="0.0.0.0",  # noqa: S104 - inside its container; what is published is said by docker-compose.yml
    marketdata="marketdata:50051",
    backtest="backtest:50052",
    trading="trading:50053",
    descriptor=MOUNTED / "descriptor.binpb",
    json_fields=MOUNTED / "json_fields.lua",
)


def rendered() -> str:
    """What the file has to be."""
    return f"# Written by `python -m tools.container_edge`; what it is made of is in services/edge.\n{render(SETTINGS)}"


def main() -> int:
    """Write it."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(rendered())
    return 0


if __name__ == "__main__":
    sys.exit(main())
