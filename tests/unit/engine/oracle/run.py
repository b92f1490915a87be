"""A whole run by the page: its events in the order the world had them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import localcontext

from scizor.engine.market import Market
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.closes import at_close
from tests.unit.engine.oracle.corporate import apply_actions
from tests.unit.engine.oracle.money import CONTEXT, ZERO, exact
from tests.unit.engine.oracle.opens import at_open
from tests.unit.engine.oracle.script import Script
from tests.unit.engine.oracle.state import Run, mark
from tests.unit.engine.oracle.world import world_of


def replay(market: Market, settings: Settings, script: Script, first_row: int = 0) -> Run:
    """The whole run; rows before the first are seen, and not traded."""
    with localcontext(CONTEXT):
        world = world_of(market, settings.base_currency)
        n = len(world.symbols)
        account = Account(world, settings, exact(settings.initial_cash), [ZERO] * n, [None] * n, [None] * n)
        run = Run(world, settings, account)
        for event in world.events():
            if run.ruined_row is not None:
                break
            rows = tuple(row for row in event.rows if row >= first_row)
            see(run, [row for row in event.rows if row < first_row], is_open=event.is_open)
            if rows and event.is_open:
                at_open(run, event._replace(rows=rows))
            elif rows:
                at_close(run, event, script.get(event.rows[0], ()))
        _finish_run(run)
        return run


def see(run: Run, rows: Sequence[int], *, is_open: bool) -> None:
    """Take notice of rows in which nothing is traded."""
    for row in rows:
        run.account.row = row
        for symbol, bar in run.world.bars[row].items():
            if is_open:
                apply_actions(run.account, run.clock, [(symbol, row)], run.calls)
            else:
                run.account.prices[symbol] = run.account.closes[symbol] = bar.close
        if not is_open:
            mark(run)


def _finish_run(run: Run) -> None:
    """After ruin nothing more happens."""
    for column in (run.equity, run.cash, run.long_value, run.short_value, run.due):
        column.extend([column[-1]] * (len(run.world.bars) - len(column)))
