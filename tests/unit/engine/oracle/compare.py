"""A case through the engine, and the engine's result held against the oracle's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np

from scizor.domain.orders import Side
from scizor.engine.result import Result
from scizor.engine.simulate import Simulation
from scizor.engine.tickets import Ticket
from tests.unit.engine.oracle.cases import Case, targets_of
from tests.unit.engine.oracle.ledger import Fill, round_trips
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.run import replay
from tests.unit.engine.oracle.script import Action, Bracket, Cancel, Place
from tests.unit.engine.oracle.state import Run

CENT = 0.005


def near(theirs: Any, ours: Any, what: str, *, atol: float = 1e-9, rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(theirs, ours, rtol=rtol, atol=atol, err_msg=what)


def as_vector(case: Case) -> Result:
    """The engine, given all weights at once."""
    return Simulation(case.market, case.settings, targets_of(case), first_row=case.first_row).run()


def as_events(case: Case) -> Result:
    """The engine, stopped at each row at which something is decided."""
    simulation = Simulation(case.market, case.settings, first_row=case.first_row)
    last_number = 0
    for row, actions in sorted(item for item in case.script.items() if item[0] >= case.first_row):
        while simulation.rows_done <= row < simulation.rows_total:
            before = simulation.rows_done
            if simulation.run_ahead(row + 1) == before:
                break
        if simulation.rows_done == row + 1 and simulation.equity[row] > 0:
            for action in actions:
                last_number = max(last_number, _do(simulation, action, last_number))
    return simulation.run()


def _do(simulation: Simulation, action: Action, last_number: int) -> int:
    """The highest number it was answered; an order that is not there cannot be cancelled."""
    if isinstance(action, Place):
        return simulation.place(ticket_of(action.order))
    if isinstance(action, Bracket):
        target, stop = _number(action.take_profit), _number(action.stop_loss)
        return max(simulation.place_bracket(ticket_of(action.entry), target, stop))
    if isinstance(action, Cancel):
        if action.number <= last_number:
            simulation.cancel(action.number)
        return 0
    return simulation.decide(action.symbol, float(action.weight)) or 0


def ticket_of(order: Order) -> Ticket:
    return Ticket(
        symbol=order.symbol,
        side=Side(order.side),
        quantity=float(order.quantity),
        type=order.type,
        tif=order.tif,
        limit=_float(order.limit),
        trigger=_float(order.trigger),
        trail_amount=_float(order.trail_amount),
        trail_fraction=_float(order.trail_fraction),
        expire_ns=order.expire_ns,
        group=order.group,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _float(value: Decimal | None) -> float:
    return float("nan") if value is None else float(value)


def assert_agrees(case: Case, result: Result) -> Run:
    """Every fill, order, trade, cost line, count, and the account at every close."""
    run = replay(case.market, case.settings, case.script, case.first_row)
    _same_fills([one for one in run.account.log if isinstance(one, Fill)], result)
    _same_orders(run.account.orders, result)
    for name in ("equity", "cash", "long_value", "short_value"):
        near(getattr(result, name), _floats(getattr(run, name)), name, atol=CENT, rtol=0)
    _same_trades(run, result)
    for name, amount in run.account.costs.items():
        near(getattr(result.costs, name), float(amount), name)
    _same_counts(run, result)
    near(result.positions, _floats(run.account.held), "positions")
    return run


def _floats(values: Sequence[Decimal | int]) -> np.ndarray:
    return np.array([float(one) for one in values], np.float64)


def _same_fills(fills: Sequence[Fill], result: Result) -> None:
    names = ("row", "symbol", "order", "cause", "side", "phase")
    theirs = [tuple(float(fill[name]) for name in names) for fill in result.fills]
    ours = [tuple(float(getattr(fill, name)) for name in names) for fill in fills]
    assert theirs == ours
    for name in ("quantity", "price", "reference", "commission", "slippage", "fx_cost", "rate"):
        near(result.fills[name], _floats([getattr(one, name) for one in fills]), name)


def _same_orders(orders: Sequence[Order], result: Result) -> None:
    names = ("number", "symbol", "type", "tif", "state", "end", "cause", "placed_row", "ended_row", "parent", "group")
    theirs = [{name: int(order[name]) for name in names} for order in result.orders]
    ours = [{name: int(getattr(order, name)) for name in names} for order in orders]
    assert theirs == ours
    for name in ("filled", "value"):
        near(result.orders[name], _floats([getattr(one, name) for one in orders]), name)
    said = ~np.isnan(result.orders["quantity"])
    near(result.orders["quantity"][said], _floats([one.quantity for one in orders])[said], "quantity")


def _same_trades(run: Run, result: Result) -> None:
    trades = round_trips(run.account.log)
    for name in asdict(trades[0]) if trades else ():
        ours = _floats([getattr(trade, name) for trade in trades])
        near(result.trades[name], ours, name)
    assert len(result.trades) == len(trades)


def _same_counts(run: Run, result: Result) -> None:
    account, ambiguity = run.account, result.ambiguity
    theirs = {
        "cut": result.n_cut,
        "rejected": result.n_rejected,
        "zero volume": result.n_zero_volume_fills,
        "margin calls": result.n_margin_calls,
        "ruined": result.ruined_row,
        "touches": ambiguity.n_touch_fills,
        "ambiguous": ambiguity.n_bars,
    }
    ours = {
        "cut": account.n_cut,
        "rejected": account.n_rejected,
        "zero volume": account.n_zero_volume_fills,
        "margin calls": run.n_margin_calls,
        "ruined": run.ruined_row,
        "touches": account.n_touch_fills,
        "ambiguous": run.n_ambiguous,
    }
    assert theirs == ours
    near([ambiguity.best, ambiguity.worst], [float(run.best), float(run.worst)], "ambiguity")
