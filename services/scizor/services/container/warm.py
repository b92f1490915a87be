"""Compile, while the image is built, what programs of it run: `python -m scizor.services.container.warm`.

It calls what the programs themselves call to be ready, so that the cache holds the versions they ask for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from scizor.services.backtest import benches
from scizor.services.backtest.optimization import confined as trials_of_uploaded
from scizor.services.backtest.strategies.timetable import Timetable
from scizor.services.backtest.warm import warm_up_searches
from scizor.services.research import confined as runs_of_uploaded
from scizor.services.research import live

STEPS: Final[Mapping[str, Callable[[], object]]] = {
    "backtests": lambda: benches.ready(None),
    "searches": lambda: warm_up_searches(Timetable({}, {})),
    "uploaded code": runs_of_uploaded.ready,
    "its searches": trials_of_uploaded.ready,
    "strategies at work": live.ready,
}


def main() -> None:
    """Do all, telling how long each took."""
    for name, compiled in STEPS.items():
        began = time.monotonic()
        compiled()
        sys.stdout.write(f"{name}: {time.monotonic() - began:.1f} s\n")


if __name__ == "__main__":
    main()
