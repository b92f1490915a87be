"""A run's fingerprint ahead of the run: what it is made of is known, and nobody's code is asked."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.backtests import BacktestSpec
from scizor.engine import ENGINE_VERSION
from scizor.engine.fingerprint import fingerprint
from scizor.ports.calendar import SessionCalendar
from scizor.ports.storage import UnitOfWork
from scizor.services.backtest.terms import settings_of
from scizor.services.code import builtin
from scizor.services.history.load import History
from scizor.services.history.market import market_of


@dataclass(frozen=True, slots=True)
class Code:
    """What a run's strategy calls itself, and what tells states of its code apart, as fingerprints have them."""

    strategy_id: str
    version: str


async def code_of(work: UnitOfWork, spec: BacktestSpec) -> Code:
    """The code that a spec, resolved, names. Raises NotFound(STRATEGY_NOT_FOUND)."""
    if not spec.strategy_version and (came := builtin.find(spec.strategy_id)):
        return Code(came.id, came.version)
    version = await work.strategies.version(spec.strategy_id, spec.strategy_version)
    return Code(version.declared.id, f"sha256:{version.code_hash}")  # as the loader calls it


def proof_of(code: Code, spec: BacktestSpec, history: History, calendar: SessionCalendar) -> str:
    """The fingerprint that a run of this will have. Blocks."""
    market = market_of(history, calendar)
    return fingerprint(ENGINE_VERSION, code.strategy_id, code.version, spec.parameters, settings_of(spec), market)
