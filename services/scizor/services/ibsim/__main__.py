"""`python -m scizor.services.ibsim`: the gateway simulator until told to stop."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from contextlib import AsyncExitStack

import structlog
from pydantic import ValidationError

from scizor.domain.errors import ScizorError
from scizor.rpc import logs
from scizor.rpc.server import run
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.control import Demands, controlled, read_scenario
from scizor.services.ibsim.faults import DemandedFaults
from scizor.services.ibsim.gateway import DataAccess, Gateway, Pace
from scizor.services.ibsim.market import SimMarket
from scizor.services.ibsim.server import serve
from scizor.services.ibsim.settings import IbsimSettings

_log = structlog.get_logger("ibsim")


async def main(settings: IbsimSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    scenario = read_scenario(settings.scenario) if settings.scenario else ()
    market = SimMarket(settings.seed, settings.market_clock())
    await asyncio.to_thread(market.warm)
    journal = Journal(settings.state_file)
    try:
        faults = DemandedFaults()
        gateway = Gateway(
            market,
            Broker(market, journal, settings.fill_rules),
            faults=faults,
            pace=Pace(history_latency_s=settings.history_latency_ms / 1000),
            access=dict.fromkeys(market.unsubscribed, DataAccess.DELAYED),
        )
        faults.attach(gateway)
        async with AsyncExitStack() as open_ports:
            port = await open_ports.enter_async_context(serve(gateway, settings.bind_host, settings.port))
            if settings.control_port:
                await open_ports.enter_async_context(controlled(faults, settings.bind_host, settings.control_port))
            _log.info("serving", host=settings.bind_host, port=port, clock=settings.clock, seed=settings.seed)
            playing = asyncio.create_task(Demands(faults).play(scenario))
            await stopped.wait()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
    finally:
        journal.close()
    _log.info("stopped")


if __name__ == "__main__":
    try:
        chosen = IbsimSettings()
        logs.configure(chosen.log_level)
        run(main(chosen))
    except (ScizorError, OSError, ValidationError, sqlite3.OperationalError) as error:
        sys.exit(str(error))
