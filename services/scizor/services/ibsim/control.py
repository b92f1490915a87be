"""Demanding faults: one JSON object a line on the control port, or a scenario file of such objects with their times.

    {"do": "stall", "seconds": 5}

answers `{"ok": true}`, or `{"ok": false, "error": ...}` naming the field and the rule.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.faults import DemandedFaults
from scizor.services.ibsim.market.api import ContractQuery, MarketError

_LONGEST_LINE_BYTES = 10_000
_LONGEST_S = 3600.0

CONNECTION_FAULTS = (
    "disconnect",
    "stall",
    "silence",
    "slow",
    "pacing",
    "clash",
    "repeat",
    "reorder",
    "lose",
    "farms",
    "reset",
    "notice",
)
ORDER_FAULTS = (
    "slices",
    "reject",
    "race",
    "slow_cancels",
    "freeze",
    "shortable",
    "correct",
    "bust",
    "late_executions",
    "late_commissions",
    "commission_first",
    "repeat_executions",
    "repeat_commissions",
    "regress",
    "zero_perm_id",
    "false_cancel",
    "order_error",
    "withhold",
    "cut",
    "cut_before",
    "roll_back_ids",
    "books",
)
_log = structlog.get_logger("ibsim")


Scenario = Sequence[tuple[float, Mapping[str, Any]]]
"""Demands with their times, real seconds after the start, in that order."""


class Demands:
    """Each of the faults named above is a demand by its method's name; besides: `jump`, `split`, `status`."""

    def __init__(self, faults: DemandedFaults) -> None:
        self._faults = faults
        self._callers: set[asyncio.StreamWriter] = set()
        self._known: dict[str, Any] = {
            **{name: getattr(faults, name) for name in CONNECTION_FAULTS},
            **{name: getattr(faults.orders, name) for name in ORDER_FAULTS},
            "jump": self.jump,
            "split": self.split,
            "status": self.status,
        }

    def obey(self, demand: object) -> dict[str, Any]:
        """Do it; what it answers. Raises InvalidInput, MarketError."""
        if not isinstance(demand, Mapping):
            raise InvalidInput.of_field("demand", "must be a JSON object")
        act = self._known.get(str(demand.get("do")))
        if act is None:
            raise InvalidInput.of_field("do", f"must be one of {', '.join(sorted(self._known))}")
        given = {name: value for name, value in demand.items() if name != "do"}
        answer = act(**_checked(act, given))
        return answer if isinstance(answer, dict) else {}

    def split(self, symbol: str, currency: str, ex_date: str, ratio: float) -> None:
        """Tell history from now on as after this split."""
        market = self._faults.gateway.market
        for listing in market.find(ContractQuery(symbol=symbol, sec_type="STK", currency=currency)):
            market.split(listing, _date(ex_date), ratio)

    def jump(self, to: str) -> dict[str, Any]:
        """Have a replay go on from a later instant; the orders that fill until then have filled when this answers."""
        self._faults.gateway.jump(_instant(to))
        return self.status()

    def status(self) -> dict[str, Any]:
        """The simulated time and who is connected."""
        gateway = self._faults.gateway
        return {"time": gateway.market.clock.now().isoformat(), "clients": sorted(gateway.connections)}

    async def play(self, scenario: Scenario) -> None:
        """Obey a scenario from its start to its end."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at_s, demand in scenario:
            await asyncio.sleep(max(0.0, began + at_s - loop.time()))
            _log.info("scenario", **self._told(demand))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey one caller, line by line."""
        self._callers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._told(_parsed(line))).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line longer than the limit
            pass
        finally:
            self._callers.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """End all calls."""
        for writer in self._callers:
            writer.transport.abort()

    def _told(self, demand: object) -> dict[str, Any]:
        try:
            return {"ok": True, **self.obey(demand)}
        except InvalidInput as error:
            return {"ok": False, "error": error.message}
        except MarketError as error:
            return {"ok": False, "error": error.text, "code": error.code}


@asynccontextmanager
async def controlled(faults: DemandedFaults, host: str, port: int) -> AsyncIterator[int]:
    """Take demands while the block runs; gives the port. Raises OSError when that is taken."""
    demands = Demands(faults)
    server = await asyncio.start_server(demands.serve, host, port, limit=_LONGEST_LINE_BYTES)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        demands.hang_up()
        await faults.close()


def read_scenario(path: Path) -> Scenario:
    """A file of demands, one JSON object with `at_s` a line. Raises InvalidInput for an unfit one."""
    try:
        demands = [dict(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
        return sorted(((float(demand.pop("at_s")), demand) for demand in demands), key=lambda timed: timed[0])
    except (OSError, ValueError, KeyError, TypeError) as error:
        rule = f"must hold a JSON object with at_s a line: {type(error).__name__} {error}"
        raise InvalidInput.of_field("scenario", rule) from error


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _checked(act: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the demand's parameters want them. Raises InvalidInput."""
    wanted = {name: parameter.annotation for name, parameter in inspect.signature(act).parameters.items()}
    for name in sorted(wanted.keys() ^ given.keys()):
        raise InvalidInput.of_field(name, "is missing" if name in wanted else "is not known")
    return {name: _value(name, kind, given[name]) for name, kind in wanted.items()}


def _value(name: str, kind: str, value: Any) -> Any:
    if kind == "str":
        if not isinstance(value, str):
            raise InvalidInput.of_field(name, "must be a text")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_S * 1000:
        raise InvalidInput.of_field(name, f"must be a number from 0 to {_LONGEST_S * 1000:g}")
    return int(value) if kind == "int" else float(value)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of_field("to", "must be an ISO time with its zone") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of_field("ex_date", "must be a date as YYYY-MM-DD") from None
