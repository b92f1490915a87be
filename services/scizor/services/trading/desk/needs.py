"""What a desk needs of its neighbours: checks that no order goes around, and prices to check by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from scizor.domain.errors import FailedPrecondition
from scizor.domain.trading.orders import OrderRequest
from scizor.services.trading.desk.drafts import Checked


class Guard(Protocol):
    """The checks that no order goes around."""

    def check(self, request: OrderRequest, *, filled: Decimal = Decimal(0), flattens: bool = False) -> None:
        """Raises FailedPrecondition with everything that speaks against the order."""
        ...

    def preview(self, request: OrderRequest) -> Checked:
        """What limits say of it, and what it would come to."""
        ...

    async def refused(self, request: OrderRequest, error: FailedPrecondition) -> None:
        """Remember that it was refused."""
        ...


class Prices(Protocol):
    """Where prices of what is traded come from."""

    def want(self, instruments: Sequence[str]) -> None:
        """From now on."""
        ...

    async def priced(self, instrument: str, deadline_s: float) -> bool:
        """Whether there is one by then."""
        ...
