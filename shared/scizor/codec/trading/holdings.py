"""Positions and accounts, on their way out."""

from __future__ import annotations

from scizor.codec.times import to_timestamp
from scizor.codec.trading.exact import (
    decimal_to_proto,
    money_to_proto,
    money_to_proto_if_any,
    monies_to_proto,
    quotient_to_proto,
)
from scizor.domain.trading.executions import split_exec_id
from scizor.domain.trading.positions import Lot
from scizor.domain.trading.valuation import Mark
from scizor.domain.trading.views import AccountView, PositionView
from scizor.trading.v1 import position_pb2 as pb


def position_to_proto(view: PositionView) -> pb.Position:
    """A position with its price. Amounts are in the instrument's currency, but for `fees` and `net_pnl`."""
    held, mark = view.position, view.mark
    currency, shares = held.currency, held.shares
    unrealised = held.unrealised(mark.price) if mark else None
    return pb.Position(
        account=view.account,
        strategy_id=view.strategy_id,
        symbol=held.instrument,
        quantity=decimal_to_proto(shares),
        average_cost=quotient_to_proto(held.average_cost),
        cost=money_to_proto(held.cost, currency),
        realized_pnl=money_to_proto(held.realised, currency),
        unrealized_pnl=money_to_proto_if_any(unrealised, currency),
        market_value=money_to_proto(shares * mark.price, currency) if mark else None,
        dividends=money_to_proto(held.dividends, currency),
        fees=monies_to_proto(held.fees),
        net_pnl=money_to_proto_if_any(view.net, view.base_currency),
        mark=_mark(mark, view) if mark else None,
        lots=[_lot(lot, currency) for lot in held.lots],
    )


def account_to_proto(view: AccountView) -> pb.Account:
    """The account, in its base currency but for `cash`; what is not known is absent."""
    base = view.base_currency
    return pb.Account(
        id=view.account,
        paper=view.paper,
        base_currency=base,
        equity=money_to_proto_if_any(view.equity, base),
        cash=monies_to_proto(view.cash),
        available_funds=money_to_proto_if_any(view.available_funds, base),
        reserved_funds=money_to_proto_if_any(view.reserved_funds, base),
        buying_power=money_to_proto_if_any(view.buying_power, base),
        maintenance_margin=money_to_proto_if_any(view.maintenance_margin, base),
        day_pnl=money_to_proto_if_any(view.day_pnl, base),
        realized_pnl=money_to_proto_if_any(view.realised, base),
        unrealized_pnl=money_to_proto_if_any(view.unrealised, base),
        day_start_equity=money_to_proto_if_any(view.day_start_equity, base),
        peak_equity=money_to_proto_if_any(view.peak_equity, base),
        time=to_timestamp(view.time),
        unpriced_symbols=view.unpriced,
    )


def _mark(mark: Mark, view: PositionView) -> pb.Mark:
    # A price may have come by the broker's clock, which may be ahead of ours.
    age_s = max(0.0, mark.age(view.time).total_seconds())
    return pb.Mark(price=decimal_to_proto(mark.price), time=to_timestamp(mark.time), age_seconds=age_s)


def _lot(lot: Lot, currency: str) -> pb.Lot:
    return pb.Lot(
        quantity=decimal_to_proto(lot.shares),
        cost=money_to_proto(lot.cost, currency),
        time=to_timestamp(lot.time),
        trade_id=split_exec_id(lot.exec_id)[0],
    )
