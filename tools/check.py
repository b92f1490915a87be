"""Every static check, in the order of how fast it fails: `python -m tools.check`.

Each check prints only when it fails; the last line says how many passed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
DEADLINE_S = 600


def revision_to_keep() -> str:
    """The revision whose callers must not break: main where it is known, else the commit at hand."""
    for name in ("origin/main", "main"):
        known = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", name], cwd=ROOT, capture_output=True, timeout=30, check=False
        )
        if known.returncode == 0:
            return name
    return "HEAD"


def lints() -> list[tuple[str, list[str]]]:
    """Helm's own check of the chart as it comes, and for each kind of installation."""
    chart = ROOT / "helm" / "scizor"
    lint = [sys.executable, "-m", "tools.helm", "lint", "--strict", "--quiet", str(chart)]
    files = sorted((chart / "ci").glob("*-values.yaml"))
    return [("helm lint", lint), *((f"helm lint {path.name}", [*lint, "--values", str(path)]) for path in files)]


def checks() -> list[tuple[str, list[str]]]:
    """Name and command of each check."""
    python = sys.executable
    return [
        ("ruff format", [f"{BIN}/ruff", "format", "--check", "--quiet"]),
        ("ruff check", [f"{BIN}/ruff", "check", "--quiet"]),
        ("proto imports", [python, "-m", "tools.protos", "imports"]),
        ("buf format", [f"{BIN}/buf", "format", "protos", "--diff", "--exit-code"]),
        ("buf lint", [f"{BIN}/buf", "lint"]),
        ("buf breaking", [python, "-m", "tools.protos", "breaking", revision_to_keep()]),
        ("generated code is current", [python, "-m", "tools.protos", "drift"]),
        ("the chart is current", [python, "-m", "tools.chart", "drift"]),
        *lints(),
        ("import-linter", [f"{BIN}/lint-imports", "--no-cache"]),
        ("mypy --strict", [f"{BIN}/mypy"]),
    ]


def main() -> int:
    """Run all checks; 1 when any failed."""
    failed = []
    for name, command in checks():
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        if result.returncode != 0:
            failed.append(name)
            print(f"--- {name} failed\n{result.stdout}{result.stderr}")
    if failed:
        print(f"{len(failed)} of {len(checks())} checks failed: {', '.join(failed)}")
        return 1
    print(f"{len(checks())} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
