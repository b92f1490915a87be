"""How the program of this container is: `python -m scizor.services.container.health ROLE`; exit status 0 when well.

It needs no tool in the image, and asks what a probe of Kubernetes asks.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from scizor.domain.errors import ScizorError
from scizor.services.container.roles import WORKER_PORT
from scizor.services.local.probes import accepts, grpc_serves, http_says_ok
from scizor.services.local.settings import LocalSettings, load_settings

_USAGE: Final = 2

QUESTIONS: Final[Mapping[str, Callable[[LocalSettings], Awaitable[bool]]]] = {
    "marketdata": lambda settings: grpc_serves(settings.marketdata_port),
    "backtest": lambda settings: grpc_serves(settings.backtest_port),
    "worker": lambda settings: grpc_serves(settings.backtest_port),
    "trading": lambda settings: grpc_serves(settings.trading_port),
    "ibsim": lambda settings: accepts(settings.ibsim_port),
    "dask-scheduler": lambda settings: http_says_ok(settings.cluster_http_port, "/health"),
    "dask-worker": lambda _: accepts(WORKER_PORT),
}


async def is_well(role: str, settings: LocalSettings) -> bool:
    """Whether the program of that role answers on this machine."""
    return await QUESTIONS[role](settings)


def main(words: list[str]) -> int:
    """The exit status: 0 well, 1 not, 2 wrongly called."""
    if len(words) != 1 or words[0] not in QUESTIONS:
        sys.stderr.write(f"name one of {', '.join(QUESTIONS)}\n")
        return _USAGE
    try:
        return 0 if asyncio.run(is_well(words[0], load_settings())) else 1
    except ScizorError as error:
        sys.stderr.write(f"{error.message}\n")
        return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
