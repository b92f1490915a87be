"""What callers are shown of an account beside its orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from scizor.domain.trading.exposure import Holding
from scizor.domain.trading.positions import Position
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.stress import StressResult
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.valuation import Mark


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position and its price at the instant `time`. `strategy_id`: empty for the account's own view, all netted.

    `net`: what it has come to after fees, in `base_currency`; None without a mark or a rate.
    """

    account: str
    position: Position
    base_currency: str
    time: datetime
    strategy_id: str = ""
    mark: Mark | None = None
    net: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PositionNews:
    """A position as it stands. `overtaken`: earlier changes of it that this reader was too slow for."""

    view: PositionView
    overtaken: int = 0


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account at the instant `time`, in `base_currency` but for `cash`; None where it is not known.

    `reserved_funds`: what open orders may yet need of `available_funds`. `unpriced`: instruments without a price, which
    the sums leave out.
    """

    account: str
    paper: bool
    base_currency: str
    time: datetime
    equity: Decimal | None = None
    cash: Mapping[str, Decimal] = field(default_factory=dict)
    available_funds: Decimal | None = None
    reserved_funds: Decimal | None = None
    buying_power: Decimal | None = None
    maintenance_margin: Decimal | None = None
    day_pnl: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    day_start_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskCheck:
    """Limits that are broken with no order asked, and whether the account trades."""

    violations: tuple[Violation, ...]
    state: TradingState


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """One instrument. Values in base currency, None without a price; `equity_fraction`: of the worst value."""

    instrument: str
    holding: Holding
    value: Decimal | None = None
    worst_value: Decimal | None = None
    equity_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class ExposureView:
    """How much is at risk, in `base_currency`. `short`, `value_at_risk`, `expected_shortfall` are positive amounts.

    `leverage`: gross over equity. `lines`: the largest first. `unpriced`: instruments the sums leave out.
    """

    base_currency: str
    gross: Decimal
    net: Decimal
    long: Decimal
    short: Decimal
    worst_gross: Decimal
    leverage: float
    value_at_risk: Decimal | None = None
    expected_shortfall: Decimal | None = None
    lines: tuple[ExposureLine, ...] = ()
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StressView:
    """What a scenario would do, in `base_currency`, and the limits it would break."""

    base_currency: str
    result: StressResult
    equity_fraction: float
    violations: tuple[Violation, ...] = ()
