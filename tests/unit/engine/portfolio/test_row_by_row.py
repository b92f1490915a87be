"""A simulation a strategy steps through: tickets that are refused, events, running ahead and going back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import EventKind, OrderType, Side, TimeInForce
from scizor.engine.costs import Financing
from scizor.engine.market import Listing, Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.engine.tickets import Ticket
from tests.unit.engine.build import NAN, bars, days, matrix, panel_of, settings
from tests.unit.engine.portfolio.play import bracket, drive

FLAT = (10, 10, 10, 10)
TICKET = Ticket(0, Side.BUY, 10)


def started(market: Market | Panel | None = None) -> Simulation:
    simulation = Simulation(market or bars([FLAT] * 3), settings())
    simulation.run_ahead(1)
    return simulation


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"symbol": 1}, "order.symbol"),
        ({"symbol": -1}, "order.symbol"),
        ({"side": 0}, "order.side"),
        ({"quantity": 0}, "order.quantity"),
        ({"quantity": -5}, "order.quantity"),
        ({"quantity": NAN}, "order.quantity"),
        ({"quantity": float("inf")}, "order.quantity"),
        ({"quantity": 7}, "order.quantity"),
        ({"type": OrderType.LIMIT}, "order.limit"),
        ({"type": OrderType.LIMIT, "limit": -1.0}, "order.limit"),
        ({"type": OrderType.LIMIT, "limit": 10.03}, "order.limit"),
        ({"limit": 10.0}, "order.limit"),
        ({"type": OrderType.STOP}, "order.trigger"),
        ({"type": OrderType.STOP, "trigger": 10.01}, "order.trigger"),
        ({"type": OrderType.TRAILING}, "order.trail_amount"),
        ({"type": OrderType.TRAILING, "trail_amount": 1.0, "trail_fraction": 0.1}, "order.trail_amount"),
        ({"type": OrderType.TRAILING, "trail_fraction": 1.0}, "order.trail_amount"),
        ({"trail_amount": 1.0}, "order.trail_amount"),
        ({"type": OrderType.TRAILING, "trail_amount": 1.0, "tif": TimeInForce.OPG}, "order.tif"),
        ({"tif": TimeInForce.GTD}, "order.expire_ns"),
        ({"expire_ns": 1}, "order.expire_ns"),
        ({"group": -1}, "order.group"),
    ],
)
def test_a_ticket_no_account_could_take_is_refused_by_its_field(wrong: dict[str, Any], field: str) -> None:
    simulation = started(Market(bars([FLAT] * 2), {"S0": Listing(lot_size=10, tick_size=0.05)}))
    with pytest.raises(InvalidInput) as caught:
        simulation.place(TICKET._replace(**wrong))
    assert [violation.field for violation in caught.value.violations] == [field]
    assert len(simulation.orders) == 0


def test_a_symbol_without_a_bar_so_far_takes_no_order() -> None:
    simulation = started(panel_of([[10, NAN], [10, 5]], [[10, NAN], [10, 5]]))
    with pytest.raises(InvalidInput, match=r"order\.symbol: S1 has no bar yet"):
        simulation.place(TICKET._replace(symbol=1))


def test_nothing_is_placed_before_the_first_row_or_beside_targets() -> None:
    for simulation in (Simulation(bars([FLAT]), settings()), Simulation(bars([FLAT]), settings(), matrix([1]))):
        with pytest.raises(InvalidInput, match="simulation: orders are placed after the first row"):
            simulation.place(TICKET)


@pytest.mark.parametrize("weight", [1.5, -1.5, NAN])
def test_a_weight_beyond_the_account_is_refused(weight: float) -> None:
    with pytest.raises(InvalidInput, match=r"weight: must be from -1 to 1"):
        started().decide(0, weight)


@pytest.mark.parametrize("said", [{"take_profit_limit": -1.0}, {"stop_loss": 0.0}, {"stop_loss_trail": NAN}])
def test_an_exit_at_no_price_is_refused(said: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=r"order\."):
        started().place_bracket(TICKET, **said)


def test_events_tell_what_happened_in_its_order() -> None:
    entry = Ticket(0, Side.BUY, 10, OrderType.STOP, trigger=11.0)
    simulation = drive(bars([FLAT, (10, 12, 10, 12), (12, 14, 12, 14)]), {0: [bracket(entry, 13, 9)]})
    told = [(event["row"], EventKind(event["kind"]), event["order"]) for event in simulation.events(0)]
    assert told == [
        (1, EventKind.TRIGGERED, 1),
        (1, EventKind.FILLED, 1),
        (1, EventKind.LIVE, 2),
        (1, EventKind.LIVE, 3),
        (2, EventKind.FILLED, 2),
        (2, EventKind.ENDED, 3),
    ]
    assert simulation.fills[simulation.events(4)["fill"][0]]["price"] == 13


def test_a_rejected_order_has_a_number_and_an_event() -> None:
    simulation = started()
    assert simulation.place(TICKET._replace(quantity=1_000)) == 1
    assert simulation.events(0)["kind"].tolist() == [EventKind.REJECTED]
    assert simulation.open_orders() == []


def test_a_bracket_has_consecutive_numbers() -> None:
    simulation = started()
    assert simulation.place_bracket(TICKET, 12.0, 9.0) == (1, 2, 3)
    assert simulation.place_bracket(TICKET, stop_loss=9.0) == (4, 5)
    assert simulation.open_orders() == [1, 2, 3, 4, 5]


def test_running_ahead_stops_where_something_happens() -> None:
    rows = [FLAT] * 5 + [(10, 10, 8, 10)] + [FLAT] * 4
    simulation = started(bars(rows))
    simulation.place(TICKET._replace(type=OrderType.LIMIT, limit=9.0))
    seen = []
    while simulation.rows_done < 10:
        seen.append((simulation.run_ahead(10), simulation.n_events))
    assert (6, 1) in seen
    assert [n_events for rows_done, n_events in seen if rows_done < 6] == [0] * (len(seen) - 2)
    assert simulation.run_ahead(10) == 10


def random_walk(n_rows: int, n_symbols: int) -> Panel:
    generator = np.random.default_rng(3)
    close = np.round(100 * np.exp(np.cumsum(generator.normal(0, 0.02, (n_rows, n_symbols)), axis=0)), 2)
    close[generator.random(close.shape) < 0.1] = NAN
    return days(close, close * 1.01, close * 0.99, close, np.full(close.shape, 1e6))


def stepped(panel: Panel, how: Settings, stretch: int) -> Simulation:
    """Buys and sells on every seventh row, seen by running `stretch` rows ahead and going back."""
    simulation, row = Simulation(panel, how), 0
    while row < panel.n_rows:
        if simulation.rows_done <= row:
            simulation.run_ahead(row + stretch)
        row += 1
        if row % 7 == 0 and not np.isnan(panel.close[:row, 0]).all():
            simulation.go_back(row)
            side = Side.BUY if row % 2 else Side.SELL
            simulation.place(
                Ticket(0, side, 5, OrderType.LIMIT, limit=round(panel.close[~np.isnan(panel.close[:, 0])][0, 0]))
            )
            simulation.decide(1, (row % 5) / 10)
    return simulation


@pytest.mark.parametrize("stretch", [2, 3, 50])
@pytest.mark.parametrize("n_symbols", [2, 3])
def test_going_back_is_exact(stretch: int, n_symbols: int) -> None:
    panel, how = random_walk(200, n_symbols), Settings(financing=Financing())
    one, other = stepped(panel, how, 1).result(), stepped(panel, how, stretch).result()
    for name in ("equity", "cash", "long_value", "short_value", "in_market", "fills", "trades", "orders", "positions"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.costs == other.costs
    assert len(one.fills) > 20


def test_going_back_beyond_the_last_stretch_is_refused() -> None:
    simulation = started(bars([FLAT] * 5))
    simulation.run_ahead(5)
    simulation.go_back(3)
    simulation.place(TICKET)
    with pytest.raises(InvalidInput, match="rows_done: must be from 3 to 3"):
        simulation.go_back(2)


def test_a_run_in_chunks_is_the_same_run() -> None:
    panel = random_walk(300, 3)
    targets = np.round(np.random.default_rng(5).random(panel.close.shape) / 3, 2)
    whole = Simulation(panel, Settings(), targets).run()
    pieces = Simulation(panel, Settings(), targets)
    while not pieces.advance(7):
        pass
    assert whole.equity.tobytes() == pieces.result().equity.tobytes()
    assert whole.fills.tobytes() == pieces.result().fills.tobytes()


def test_logs_grow_when_more_happens_than_was_foreseen() -> None:
    panel = random_walk(1_500, 2)
    simulation = Simulation(panel, Settings(initial_cash=1e9))
    for row in range(panel.n_rows - 1):
        while simulation.rows_done <= row:
            simulation.run_ahead(row + 1)
        if not np.isnan(panel.close[: row + 1, 0]).all():
            for _ in range(3):
                simulation.place(TICKET)
    assert len(simulation.run().fills) > 3_000


def test_rows_before_the_first_are_seen_and_not_traded() -> None:
    panel = bars([FLAT, FLAT, FLAT, (11, 11, 11, 11)])
    result = Simulation(panel, settings(), matrix([1, 1, 1, 1]), first_row=2).run()
    assert result.fills[["row", "quantity"]].tolist() == [(3, 90)]
    assert result.equity.tolist() == [1_000, 1_000, 1_000, 1_000]
    assert result.first_row == 2
