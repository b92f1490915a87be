"""`python -m tests.e2e.torture.nursery`: has all imported that services take seconds for, and forks them on demand.

So who is killed is back in a moment, and many kills fit into a minute. A child is a process like any other: `kill -9`
leaves nothing of it but what it wrote. Asked by lines of JSON; answers each with the child's process id.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbOrderSettings, IbSettings
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.rpc import logs
from scizor.rpc.server import run
from scizor.services.ibsim.__main__ import main as ibsim
from scizor.services.ibsim.market import SimMarket
from scizor.services.ibsim.settings import IbsimSettings
from scizor.services.setup import start
from scizor.services.trading import __main__ as trading
from scizor.services.trading.settings import TradingSettings
from tests.e2e.torture.instants import MortalBroker
from tests.e2e.torture.market import START

_PR_SET_PDEATHSIG: Final = 1


class _Impatient(TradingSettings):
    """A link that is silent for a second is taken for lost, and asked for again at once."""

    @property
    def broker(self) -> IbSettings:
        """Where the broker is."""
        return replace(super().broker, connect_s=1.0, contract_s=2.0, silence_s=0.5, probe_s=0.5, backoff_most_s=0.2)

    @property
    def orders(self) -> IbOrderSettings:
        """Whose the orders are."""
        return replace(super().orders, step_s=2.0)


def _trading() -> None:
    trading.IbOrderBroker = MortalBroker  # type: ignore[attr-defined] # there is no other way in
    start(_Impatient, trading.main)


def _gateway() -> None:
    settings = IbsimSettings()
    logs.configure(settings.log_level)
    run(ibsim(settings))


def _database() -> None:
    server = EmbeddedPostgres(Path(os.environ["SCIZOR_HOME"]))
    server.start(die_with_parent=True)
    while server.exit_status() is None:
        time.sleep(0.05)  # between two looks at the child


_KINDS: Final[Mapping[str, Callable[[], None]]] = {"trading": _trading, "gateway": _gateway, "database": _database}


def main() -> None:
    """Until nobody asks any more."""
    ExchangeSessions(SystemClock()).warm()
    SimMarket(IbsimSettings().seed, IbsimSettings(clock=f"{START.isoformat()}@1").market_clock()).warm()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody is left a zombie
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(**wanted)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def _live(kind: str, environment: Mapping[str, str], log: str) -> NoReturn:
    """As the child, to its end."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(environment)
        written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        for stream in (1, 2):
            os.dup2(written, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _KINDS[kind]()
        status = 0
    except SystemExit as end:
        sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
