"""Positions, the account and how trading stands, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.table import Table

from scizor.client.cli.tables import counted, instant, word
from scizor.client.cli.trade.words import (
    average,
    cash,
    cashes,
    coloured,
    facts_of,
    gain,
    mark_cells,
    number,
    rows_of,
)
from scizor.trading.v1 import position_pb2 as pb
from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc


def positions_table(positions: Sequence[pb.Position], now: datetime) -> Table:
    """Positions, one a line, each at its newest price with its age."""
    split = any(one.strategy_id for one in positions)
    columns = ("symbol", ">quantity", ">average", ">price", ">age", ">value", ">unrealized", ">realized", ">net")
    return rows_of(
        counted(len(positions), "position"),
        (*(("strategy",) if split else ()), *columns),
        (
            (
                *((one.strategy_id or "by hand",) if split else ()),
                one.symbol,
                number(one.quantity),
                average(one.average_cost),
                *mark_cells(one.mark, now),
                cash(one.market_value),
                gain(one.unrealized_pnl),
                gain(one.realized_pnl),
                gain(one.net_pnl),
            )
            for one in positions
        ),
    )


def lots_table(positions: Iterable[pb.Position]) -> Table:
    """What is held, execution by execution, oldest first."""
    held = [(position, lot) for position in positions for lot in position.lots]
    return rows_of(
        counted(len(held), "lot"),
        ("symbol", "~strategy", ">quantity", ">cost", "traded", "~trade"),
        (
            (
                position.symbol,
                position.strategy_id,
                number(lot.quantity),
                cash(lot.cost),
                instant(lot.time),
                lot.trade_id,
            )
            for position, lot in held
        ),
    )


def position_line(position: pb.Position, now: datetime) -> str:
    """A position as it stands as a line of text."""
    mark, age = mark_cells(position.mark, now)
    at = f"at {mark}, {age} old" if mark else "no price"
    unrealized = f"unrealized {cash(position.unrealized_pnl)}" if position.HasField("unrealized_pnl") else ""
    owner = f"of {position.strategy_id}" if position.strategy_id else ""
    return " | ".join(
        filter(None, [f"{now:%Y-%m-%d %H:%M:%S}Z", position.symbol, owner, number(position.quantity), at, unrealized])
    )


def account_facts(account: pb.Account) -> Table:
    """The account, in its base currency."""
    return facts_of(
        f"Account {account.id}, {kind_of(account.paper)}",
        [
            ("equity", cash(account.equity)),
            ("cash", cashes(account.cash)),
            ("available funds", cash(account.available_funds)),
            ("reserved funds", cash(account.reserved_funds)),
            ("buying power", cash(account.buying_power)),
            ("maintenance margin", cash(account.maintenance_margin)),
            ("profit of the day", gain(account.day_pnl)),
            ("realized", gain(account.realized_pnl)),
            ("unrealized", gain(account.unrealized_pnl)),
            ("equity at day's start", cash(account.day_start_equity)),
            ("highest equity", cash(account.peak_equity)),
            ("without a price", ", ".join(account.unpriced_symbols)),
            ("as of", instant(account.time)),
        ],
    )


def status_facts(status: rpc.TradingStatus) -> Table:
    """How trading stands."""
    others = ", ".join(one for one in status.accounts if one != status.account)
    because = f"{status.state_reason}{f', set by {status.state_by}' if status.state_by else ''}"
    return facts_of(
        f"Account {status.account}, {kind_of(status.paper)}",
        [
            ("state", coloured(word(risk_pb2.TradingState, status.state))),
            ("because", because if status.state_reason else ""),
            ("since", instant(status.state_time)),
            ("gate", coloured(word(rpc.GateState, status.gate))),
            ("kill switch", "still cancelling and closing" if status.flattening else ""),
            ("open orders", f"{status.open_orders:,}"),
            ("unknown orders", f"{status.unknown_orders:,}, being asked about" if status.unknown_orders else ""),
            ("deployments", f"{status.deployments:,}"),
            ("reconciled", instant(status.reconcile_time) or "not yet"),
            ("differences", f"{status.differences:,} left; `scizor trade reconcile` tells" * bool(status.differences)),
            ("other accounts", others),
        ],
    )


def differences_table(answer: rpc.ReconcileResponse) -> Table:
    """What a comparison with the broker's books found."""
    return rows_of(
        f"{counted(len(answer.differences), 'difference')}, {counted(answer.corrections, 'correction')}",
        ("kind", "~of", "~ours", "~the broker's", "corrected"),
        (
            (
                word(rpc.DifferenceKind, one.kind),
                one.subject,
                one.ours,
                one.theirs,
                "yes" if one.corrected else "no",
            )
            for one in answer.differences
        ),
    )


def kind_of(paper: bool) -> str:
    """Whether real money moves."""
    return "paper" if paper else "REAL MONEY"
