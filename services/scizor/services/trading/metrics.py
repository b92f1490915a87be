"""What an operator of trading is woken for, out of what is in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import IntEnum

from scizor.domain.errors import Unavailable
from scizor.domain.trading.deployments import DeploymentState
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import AccountState, StoredDeployment
from scizor.rpc.metrics import Figure, Readings
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.desks import Desk, Desks

_OF_ACCOUNT = ("account",)
_OF_STATE = ("account", "state")


def figures(
    acts: Callable[[], bool],
    desks: Desks,
    state: Callable[[str], AccountState],
    unfinished: Callable[[str], Sequence[StoredDeployment]],
) -> list[Figure]:
    """`acts`: whether the connection is ours. Of an account that another process acts for, the gate says so alone."""
    ours = _Ours(desks)
    return [
        Figure(
            "scizor_trading_acting",
            "1 while this process acts for the accounts, 0 while it stands by.",
            lambda: {(): float(acts())},
        ),
        Figure(
            "scizor_trading_gate",
            "1 for what is true of the gate: orders are sent while it is OPEN.",
            lambda: _one_of(GateState, ((name, desks.desk(name).gate) for name in desks.accounts())),
            _OF_STATE,
        ),
        Figure(
            "scizor_trading_state",
            "1 for the trading state that is in force.",
            lambda: _one_of(TradingState, ((one.account, state(one.account).state) for one in ours())),
            _OF_STATE,
        ),
        Figure("scizor_trading_open_orders", "Orders that have not ended.", lambda: _open_orders(ours()), _OF_ACCOUNT),
        Figure(
            "scizor_trading_differences",
            "What the last comparison with the broker's books left, that no event settles.",
            lambda: {(one.account,): one.reconciled.left for one in ours() if one.reconciled},
            _OF_ACCOUNT,
        ),
        Figure(
            "scizor_trading_reconciled_timestamp_seconds",
            "When books were last compared with the broker's, seconds since 1970.",
            lambda: {(one.account,): one.reconciled.time.timestamp() for one in ours() if one.reconciled},
            _OF_ACCOUNT,
        ),
        Figure(
            "scizor_trading_deployments",
            "Strategies at work that have not ended.",
            lambda: _deployments((one.account, unfinished(one.account)) for one in ours()),
            _OF_STATE,
        ),
    ]


class _Ours:
    """Desks of the accounts this process acts for."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    def __call__(self) -> list[Desk]:
        every = map(self._desks.desk, self._desks.accounts())
        return [desk for desk in every if desk.gate is not GateState.STANDBY]


def _one_of(states: type[IntEnum], standing: Iterable[tuple[str, IntEnum]]) -> Readings:
    """1 for the state each is in, 0 for the others."""
    return {(name, each.name): float(each == state) for name, state in standing for each in states}


def _open_orders(desks: Iterable[Desk]) -> Readings:
    counts: dict[tuple[str, ...], float] = {}
    for desk in desks:
        with suppress(Unavailable):  # its books are being read
            counts[desk.account,] = len(list(desk.books.open_orders()))
    return counts


def _deployments(known: Iterable[tuple[str, Sequence[StoredDeployment]]]) -> Readings:
    counts: dict[tuple[str, ...], float] = {}
    for account, all_ in known:
        found = Counter(one.deployment.state for one in all_)
        counts |= {(account, each.name): found[each] for each in DeploymentState if not each.ended}
    return counts
