"""Who plays a strategy: its code behind the locks, made for one deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from scizor.domain.orders import AccountType
from scizor.engine.costs import Financing
from scizor.engine.costs.schedules import IB_FIXED, ib_fixed_us
from scizor.engine.market import Listing
from scizor.engine.settings import Settings
from scizor.ports.sandbox import Limits, Sandbox
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Start, Step
from scizor.services.research.live_talk import Split, live_talk
from scizor.services.trading.desk.listings import Listings
from scizor.strategy.live import Intent, Row, View

_OPENING_S = 30.0


class Player(Protocol):
    """`services.research.live_talk.LiveTalk`. Raises StrategyError for what the code did, Unavailable for our fault."""

    async def warm(self, rows: Sequence[Row], splits: Mapping[int, Sequence[Split]] | None = None) -> None:
        """Rows before trading begins."""
        ...

    async def replay(self, steps: Sequence[Step]) -> None:
        """What a process before this one was told."""
        ...

    async def row(
        self, row: Row, view: View, *, acting: bool = True, splits: Sequence[Split] = ()
    ) -> tuple[Intent, ...]:
        """A row that has closed."""
        ...

    async def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """What happened since."""
        ...

    async def stop(self, view: View) -> None:
        """The last row is over."""
        ...


class Players(Protocol):
    """Where players come from."""

    def play(self, stored: StoredDeployment) -> AbstractAsyncContextManager[Player]:
        """Its code, loaded. Raises StrategyError, FailedPrecondition(SANDBOX_UNAVAILABLE), LimitExceeded, Unavailable,
        NotFound.
        """
        ...


def settings_of(stored: StoredDeployment) -> Settings:
    """The account a strategy at work believes in: its own capital on margin, and what its orders cost at the broker.

    Interest is the account's, not its strategies'.
    """
    spec = stored.deployment.spec
    schedule = IB_FIXED.get(spec.currency, ib_fixed_us)
    return Settings(
        initial_cash=float(spec.capital),
        base_currency=spec.currency,
        account=AccountType.MARGIN,
        commission=schedule(),
        financing=Financing.none(),
    )


@dataclass(frozen=True, slots=True)
class LockedPlayers:
    """In the sandbox. `deadline_s`: of one row."""

    storage: Storage
    sandbox: Sandbox
    listings: Listings
    deadline_s: float = 2.0
    memory_bytes: int = 1 << 30

    @asynccontextmanager
    async def play(self, stored: StoredDeployment) -> AsyncIterator[Player]:
        """Its code, loaded."""
        limits = Limits(wall_s=_OPENING_S, memory_bytes=self.memory_bytes)
        async with live_talk(self.sandbox, await self.start(stored), limits, deadline_s=self.deadline_s) as talk:
            yield talk

    async def start(self, stored: StoredDeployment) -> Start:
        """What it is made of."""
        spec, listings = stored.deployment.spec, {}
        for symbol in spec.symbols:
            found = await self.listings.find(symbol)
            listings[symbol] = Listing(spec.currency, float(found.lot), float(found.tick))
        return Start(
            spec.symbols,
            settings_of(stored),
            source=await self._source(stored),
            file=f"{spec.strategy_id}.py",
            builtin="" if spec.strategy_version else spec.strategy_id,
            parameters=spec.parameters,
            listings=listings,
        )

    async def _source(self, stored: StoredDeployment) -> str:
        spec = stored.deployment.spec
        if not spec.strategy_version:
            return ""
        async with self.storage.begin() as work:
            return await work.strategies.source(spec.strategy_id, spec.strategy_version)
