"""The checks before every order of one account. They are pure: nothing waits between them and the journal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from scizor.domain.errors import FailedPrecondition
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.question import Prices
from scizor.domain.trading.refusal import RiskRefused
from scizor.domain.trading.risk import check, shrinks
from scizor.domain.trading.trading_state import check_state
from scizor.ports.clock import Clock
from scizor.ports.trading import RiskEvent, RiskEventKind
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import Checked
from scizor.services.trading.risk.cost import estimate
from scizor.services.trading.risk.events import Events
from scizor.services.trading.risk.standing import Standing

_ZERO = Decimal(0)


class RiskGuard:
    """Of one account. `books` and `prices` as they are now."""

    def __init__(
        self,
        account: str,
        books: Callable[[], AccountBooks],
        prices: Callable[[], Prices],
        standing: Standing,
        events: Events,
        clock: Clock,
    ) -> None:
        self._account, self._books, self._prices = account, books, prices
        self._standing, self._events, self._clock = standing, events, clock

    def check(self, request: OrderRequest, *, filled: Decimal = _ZERO, flattens: bool = False) -> None:
        """Raises FailedPrecondition(TRADING_RESTRICTED), or RiskRefused with every limit that would be broken.

        What the kill switch sends is held against the state alone.
        """
        state, book, now = self._standing.state(self._account).state, self._books().risk, self._clock.now()
        prices = self._prices()
        check_state(state, self._account, shrinks=shrinks(request, book, now, prices, filled=filled), flattens=flattens)
        if flattens:
            return
        broken = check(request, book, self._standing.limits, now, prices, filled=filled)
        if broken:
            raise RiskRefused(broken, account=self._account)

    def preview(self, request: OrderRequest) -> Checked:
        """What limits and the trading state say of it, and what it would come to."""
        prices, book, now = self._prices(), self._books().risk, self._clock.now()
        broken = check(request, book, self._standing.limits, now, prices)
        state = self._standing.state(self._account).state
        restricted = False
        try:
            check_state(state, self._account, shrinks=shrinks(request, book, now, prices))
        except FailedPrecondition:
            restricted = True
        value, commission = estimate(request, prices)
        return Checked(broken, value, commission, restricted)

    async def refused(self, request: OrderRequest, error: FailedPrecondition) -> None:
        """Remember it."""
        broken = error.broken if isinstance(error, RiskRefused) else ()
        self._events.tell(
            RiskEvent(
                self._clock.now(),
                RiskEventKind.ORDER_REFUSED,
                self._account,
                error.message,
                request.strategy_id,
                request.instrument,
                request.id,
                broken,
            )
        )
