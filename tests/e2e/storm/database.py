"""`python -m tests.e2e.storm.database HOME`: the embedded server of a home, for as long as it lives.

In a process of its own: one that speaks gRPC in other threads cannot fork safely.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from scizor.adapters.sql.embedded import EmbeddedPostgres


def main() -> None:
    server = EmbeddedPostgres(Path(sys.argv[1]))
    server.start(die_with_parent=True)
    while server.exit_status() is None:
        time.sleep(0.05)  # between two looks at the child


if __name__ == "__main__":
    main()
