"""Our own program that runs a strategy of a file, as a service's does."""

from __future__ import annotations

import numpy as np

from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.ports.sandbox import Answer, OnMessage, Question
from scizor.strategy.loader import load
from scizor.strategy.registry import all_strategies
from scizor.strategy.run import run

_DAY_NS = 86_400_000_000_000


def warm() -> None:
    """Compile what runs need, or read it from where it was stored: children compile anew what is not ready."""
    for strategy in all_strategies():
        run(strategy(), panel_of(np.linspace(10.0, 20.0, 600).reshape(300, 2)), Settings())


def backtest(question: Question, say: OnMessage) -> Answer:
    """Run the strategy in `source` over daily bars that are flat at the closes of the question."""
    strategy = load(str(question.document["source"]), "mine.py")()
    found = run(
        strategy,
        panel_of(question.arrays["close"]),
        Settings(),
        on_progress=lambda done, total: say({"done": done, "total": total}),
    )
    return Answer({"fingerprint": found.fingerprint}, {"equity": found.result.equity})


def panel_of(close: np.typing.NDArray[np.float64]) -> Panel:
    """A row a day from 1970 on; every price is the close."""
    rows, symbols = close.shape
    days = np.arange(rows)
    open_ns = days * _DAY_NS
    volume = np.full(close.shape, 1e6)
    names = tuple(f"S{one}" for one in range(symbols))
    return Panel(names, days.astype("datetime64[D]"), open_ns, open_ns + _DAY_NS, close, close, close, close, volume)
