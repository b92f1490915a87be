"""What of the chart is written by a machine, and the proof that it is current.

    python -m tools.chart generate      write it
    python -m tools.chart drift         fail when something is not what its source gives

Envoy's configuration is the one that `scizor up` runs, with the chart's own words where addresses go; the schema takes
types and bounds of settings from the services' settings; the README lists values.yaml with what it says of each.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from scizor.services.edge.config import EdgeSettings, render
from tools.chart_readme import readme
from tools.chart_schema import schema

CHART: Final = Path(__file__).parent.parent / "helm" / "scizor"
_UPSTREAM: Final = '{{{{ include "scizor.host" (list . "{0}") }}}}:{{{{ .Values.{0}.port }}}}'
_HEAD: Final = """# Written by `python -m tools.chart generate` from scizor.services.edge.
node: {id: edge, cluster: scizor}  # for certificates that are read anew
"""
_CHAIN: Final = "\n    - filters:"
_CHAIN_WITH_TRANSPORT: Final = '\n    - transport_socket: {{ include "scizor.envoy.transport" . }}\n      filters:'


def envoy_template() -> str:
    """The edge's configuration as a template of the chart."""
    config = render(
        EdgeSettings(
            host='"{{ .Values.bindHost }}"',
            marketdata=_UPSTREAM.format("marketdata"),
            backtest=_UPSTREAM.format("backtest"),
            trading=_UPSTREAM.format("trading"),
            cors_origins='{{ .Values.envoy.corsOrigins | replace "\'" "\'\'" }}',
            descriptor=Path("/etc/envoy/descriptor.binpb"),
            json_fields=Path("/etc/envoy/json_fields.lua"),
        )
    )
    return _HEAD + config.replace(_CHAIN, _CHAIN_WITH_TRANSPORT)


def written() -> dict[str, bytes]:
    """Every file that is generated, by its place in the chart."""
    edge = EdgeSettings()
    return {
        "files/envoy.yaml": envoy_template().encode(),
        "files/json_fields.lua": edge.json_fields.read_bytes(),
        "files/descriptor.binpb": edge.descriptor.read_bytes(),
        "values.schema.json": (json.dumps(schema(), indent=2) + "\n").encode(),
        "README.md": readme((CHART / "values.yaml").read_text()).encode(),
    }


def drift() -> list[str]:
    """Names of generated files that are not what their sources give."""
    return [
        name
        for name, content in written().items()
        if not (CHART / name).is_file() or (CHART / name).read_bytes() != content
    ]


def main() -> int:
    """Run the command named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate")
    commands.add_parser("drift")
    if parser.parse_args().command == "generate":
        for name, content in written().items():
            (CHART / name).write_bytes(content)
    elif stale := drift():
        print("helm/scizor is stale, run `python -m tools.chart generate`:", *stale, sep="\n  ")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
