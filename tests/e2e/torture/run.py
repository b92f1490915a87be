"""One run: callers ask while a schedule is carried out, all is healed, and the books are compared.

`python -m tests.e2e.torture.run SEED [KILLS]` does one and prints what came of it.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import grpc

from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.e2e.storm.programs import STARTS_WITHIN_S
from tests.e2e.torture.site import Site, site
from tests.e2e.torture.strikes import FAULTS, KILLS, Striker, schedule
from tests.e2e.torture.traders import Told, Trader
from tests.e2e.torture.verdict import judged

TRADERS: Final = 4
HEALED_WITHIN_S: Final = 30.0
_WORKS_WITHIN_S: Final = 60.0
_IN_FLIGHT: Final = {
    pb.ORDER_STATE_PENDING_SUBMIT,
    pb.ORDER_STATE_PENDING_REPLACE,
    pb.ORDER_STATE_PENDING_CANCEL,
    pb.ORDER_STATE_UNKNOWN,
}


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    seed: int
    kills: int = 0
    orders: int = 0
    fills: int = 0
    commands: int = 0
    seconds: float = 0.0
    strikes: dict[str, int] = field(default_factory=dict)
    discrepancies: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """In one line, and one more for each discrepancy."""
        told = (
            f"seed={self.seed} kills={self.kills} commands={self.commands} orders={self.orders} fills={self.fills} "
            f"discrepancies={len(self.discrepancies)} ({self.seconds:.0f} s)"
        )
        if not self.discrepancies:
            return told
        again = f"again: .venv/bin/python -m tests.e2e.torture.run {self.seed} {self.kills}"
        return "\n  ".join([told, *self.discrepancies, again])


async def torture(on: Site, seed: int, kills: int) -> Outcome:
    """Carry out the schedule of that number on a site that is new; it is stopped then, but for its database."""
    outcome, began_s = Outcome(seed), time.monotonic()
    told = await tormented(on, outcome, kills)
    verdict = await judged(on, told)
    outcome.discrepancies += verdict.wrong
    outcome.orders, outcome.fills = verdict.orders, verdict.fills
    outcome.commands, outcome.seconds = len(told), time.monotonic() - began_s
    return outcome


async def tormented(on: Site, outcome: Outcome, kills: int) -> list[Told]:
    """What callers were told while the schedule was carried out and until all was healed."""
    seed = outcome.seed
    leaves, over, placed = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(0)
    traders = [
        Trader(on, random.Random(f"{seed}/{place}"), f"t{place}", leaves.set, placed.release)  # noqa: S311
        for place in range(TRADERS)
    ]

    async def some_placed(count: int) -> None:
        while not placed.locked():
            await placed.acquire()
        async with asyncio.timeout(_WORKS_WITHIN_S):
            for _ in range(count):
                await placed.acquire()

    striker = Striker(on, schedule(seed, kills), leaves, some_placed)
    async with asyncio.timeout(STARTS_WITHIN_S):
        await _stands(on)
    async with asyncio.TaskGroup() as group:
        for trader in traders:
            group.create_task(trader.run(over))
        await striker.run()
        over.set()
    told = [one for trader in traders for one in trader.told]
    await on.gateway.kill(0.0)  # what was demanded of it is forgotten with it
    await _healed(on, outcome)
    await on.stop_trading()
    outcome.strikes, outcome.kills = striker.done, striker.kills
    return told


async def _healed(on: Site, outcome: Outcome) -> None:
    """Until nothing happens any more, nothing waits for an answer, and a comparison finds nothing left."""
    left = "nobody answered"
    deadline_s = time.monotonic() + HEALED_WITHIN_S
    while time.monotonic() < deadline_s:
        # What is being cancelled ends only in a market that goes on; the books are compared in one that stands.
        await on.gateway.demand(do="freeze", seconds=0 if "PENDING_CANCEL" in left else 600)
        for service in on.services:
            with suppress(grpc.aio.AioRpcError):
                left = await _left(service.stub)
                if not left:
                    return
        await asyncio.sleep(0.2)  # between two looks
    outcome.discrepancies.append(f"not healed within {HEALED_WITHIN_S:.0f} s: {left}")


async def _left(stub: object) -> str:
    """What a comparison finds, and what is in flight."""
    reconciled = await stub.Reconcile(rpc.ReconcileRequest(), timeout=10.0)  # type: ignore[attr-defined] # a stub
    listed = await stub.ListOrders(rpc.ListOrdersRequest(open=True, page_size=1_000), timeout=10.0)  # type: ignore[attr-defined]
    waiting = [f"{one.id} {pb.OrderState.Name(one.state)}" for one in listed.orders if one.state in _IN_FLIGHT]
    return " ".join(
        [*waiting, *(f"{one.kind} {one.subject}: {one.ours}, {one.theirs}" for one in reconciled.differences)]
    )


async def _stands(on: Site) -> None:
    """Until one of the services takes orders."""
    while True:
        for service in on.services:
            with suppress(grpc.aio.AioRpcError):
                status = (await service.stub.GetTradingStatus(rpc.GetTradingStatusRequest(), timeout=2.0)).status
                if status.gate == rpc.GATE_STATE_OPEN:
                    return
        await asyncio.sleep(0.05)


async def one_run(seed: int, kills: int) -> Outcome:
    """On a site of its own."""
    async with site() as on:
        outcome = await torture(on, seed, kills)
    outcome.discrepancies += [f"left behind: process {pid}" for pid in on.processes()]
    return outcome


def main() -> None:
    """From the command line."""
    seed, kills = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 25
    outcome = asyncio.run(one_run(seed, kills))
    sys.stdout.write(f"{outcome}\n{by_kind([outcome])}\n")
    sys.exit(bool(outcome.discrepancies))


def summed(outcomes: list[Outcome]) -> str:
    """Of several runs, in one line."""
    totals = {name: sum(getattr(one, name) for one in outcomes) for name in ("kills", "orders", "fills")}
    wrong = sum(len(one.discrepancies) for one in outcomes)
    return " ".join([*(f"{name}={total}" for name, total in totals.items()), f"discrepancies={wrong}"])


def by_kind(outcomes: list[Outcome]) -> str:
    """What was done to them, in one line."""
    done = sum((Counter(one.strikes) for one in outcomes), Counter[str]())
    return " ".join(f"{kind}={done[kind]}" for kind in (*KILLS, *FAULTS))


if __name__ == "__main__":
    main()
