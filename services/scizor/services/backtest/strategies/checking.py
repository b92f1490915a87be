"""Looking for mistakes in a strategy: in its text, and in what it does on some bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from scizor.domain.backtests import BacktestSpec, ParameterValue
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import SessionRange, from_day
from scizor.domain.strategies import Finding, Severity, StrategyVersion, code_hash
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.backtest.strategies.catalog import Catalog
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.code.declared import resolved
from scizor.services.history.load import History, load_history

_CAPITAL: Final = Decimal(100_000)
_CURRENCY: Final = "USD"
# Enough for most indicators, and done in a moment.
_SLICE_SESSIONS: Final = 500


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """What to check, a stored or built-in strategy or else a text, and on what. `version`: 0 for the newest.

    `caller`: who asks, as far as is known.
    """

    strategy_id: str = ""
    version: int = 0
    source: str = ""
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    symbols: Sequence[str] = ()
    sessions: SessionRange = field(default_factory=SessionRange)
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and the version that was checked: none where the text does not load."""

    findings: Sequence[Finding]
    version: StrategyVersion | None

    @property
    def passed(self) -> bool:
        """Whether nothing that was found is an error."""
        return all(one.severity is not Severity.ERROR for one in self.findings)


@dataclass(frozen=True, slots=True)
class Checking:
    """Checks in locked processes, those that came with the system too: they are texts like any other."""

    storage: Storage
    clock: Clock
    catalog: Catalog
    hosting: Hosting

    async def check(self, order: CheckOrder) -> Report:
        """What is wrong with it. Raises as Hosting does, NotFound, InvalidInput, FailedPrecondition(BARS_NOT_FOUND)."""
        text, version = Text(order.source, order.strategy_id or "strategy"), None
        if order.strategy_id:
            _, version, source = await self.catalog.get(order.strategy_id, order.version)
            text = Text(source, order.strategy_id)
            resolved(version.declared, order.parameters, "")
        spec, history = await self._material(order)
        findings, declared = await self.hosting.check(text, spec, history, order.caller)
        if version is None and declared is not None:
            version = StrategyVersion(declared.id, 0, code_hash(text.source), declared)
        return Report(findings, version)

    async def _material(self, order: CheckOrder) -> tuple[BacktestSpec, History | None]:
        spec = BacktestSpec("checked", order.parameters, (), order.sessions, _CAPITAL, _CURRENCY)
        if not order.symbols:
            return spec, None
        async with self.storage.begin() as work:
            found = await work.symbols.get_many(order.symbols)
            sessions = order.sessions
            if sessions.start is None:
                days = [(await work.bars.days(one, sessions))[-_SLICE_SESSIONS:] for one in found]
                firsts = [from_day(one[0]) for one in days if len(one)]
                sessions = SessionRange(min(firsts, default=None), sessions.end)
        currencies = sorted({one.instrument.currency for one in found})
        if len(currencies) > 1:
            rule = f"trade in {' and '.join(currencies)}: one account, one currency"
            raise InvalidInput.of_field("symbols", rule)
        ids = tuple(one.instrument.id for one in found)
        spec = BacktestSpec("checked", order.parameters, ids, sessions, _CAPITAL, currencies[0])
        return spec, await load_history(self.storage, spec, self.clock.now().date())
