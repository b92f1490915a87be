"""What is said to the program that runs a strategy's file, and how its answers are shown."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.backtest import create_backtest
from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.backtest_request import arguments_of
from scizor.client.cli.chart import Curve
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.following import Outcome, show_outcome
from scizor.client.cli.held_against import curve_name
from scizor.client.cli.plot import plot
from scizor.client.cli.research import Researcher
from scizor.client.cli.research_bars import bars_frame
from scizor.client.cli.tables import show
from scizor.client.cli.usage import EXIT_FAILED, CommandFailed
from scizor.client.values import Equity
from scizor.codec.frames import Frame, read_frame, write_frame
from scizor.domain.errors import InvalidInput

_FILES_OWN_ID = "file"  # stands for the id of a file's strategy, which only its class knows
_NEVER_READY = "the program that runs strategies ended before it was ready; see what it wrote above"
_GONE_WITHIN_S = 5.0


def run(researcher: Researcher, asked: Asked, deadline_s: float, *, plotted: bool, as_json: bool) -> None:
    """Have it run the strategy, and show what that came to."""
    backtest = _backtest(asked)
    _ask(researcher, backtest, asked, deadline_s)
    answer = _answer(researcher, asked, deadline_s)
    outcome, trades = _outcome(answer)
    if as_json:
        print_json({**outcome.document(), "trades": [as_document(one) for one in trades]})
        return
    held = Curve(curve_name(outcome.backtest.benchmark), answer.arrays["held"])
    show_outcome(outcome, drawn=plot(outcome, trades, held) if plotted else None)


def check(researcher: Researcher, asked: Asked, deadline_s: float, *, as_json: bool) -> int:
    """Have it look for mistakes, and show them."""
    _ask(researcher, _backtest(asked), asked, deadline_s)
    document = _answer(researcher, asked, deadline_s).document
    findings: list[dict[str, Any]] = document["findings"]
    if as_json:
        print_json(document)
    else:
        show(*([_line(asked.strategy, finding) for finding in findings] or [document["passed"]]))
    return EXIT_FAILED if findings else 0


def _backtest(asked: Asked) -> bt.Backtest:
    if asked.commission and asked.commission_bps:
        raise InvalidInput.of_field("commission", "say --commission or --commission-bps, not both")
    if asked.slippage and asked.slippage_bps:
        raise InvalidInput.of_field("slippage", "say --slippage or --slippage-bps, not both")
    request: Any = create_backtest(_FILES_OWN_ID, asked.symbols, **arguments_of(asked)).request
    backtest: bt.Backtest = request.backtest
    return backtest


def _ask(researcher: Researcher, backtest: bt.Backtest, asked: Asked, deadline_s: float) -> None:
    question: dict[str, Any] = {"backtest": MessageToDict(backtest), "deadlineS": deadline_s}
    arrays = {}
    if asked.symbols and not researcher.bars:
        with connect() as client:
            bars = bars_frame(client, backtest)
        question |= bars.document
        arrays = dict(bars.arrays)
    with suppress(BrokenPipeError):  # it ended before it was asked: its answer says why
        write_frame(researcher.questions, Frame(question, arrays))
        researcher.questions.close()


def _answer(researcher: Researcher, asked: Asked, deadline_s: float) -> Frame:
    try:
        read_frame(researcher.answers)  # it is ready: compiled, where that was still to do
    except EOFError:
        raise CommandFailed(_NEVER_READY) from None
    try:
        with researcher.ended_after(deadline_s):
            answer = read_frame(researcher.answers)
    except EOFError:
        if researcher.killed.is_set():
            raise CommandFailed(f"{asked.strategy}: no end within {deadline_s:g} s, and it had to be killed") from None
        raise CommandFailed(f"{asked.strategy}: {_how_it_ended(researcher)}") from None
    if error := answer.document.get("error"):
        raise CommandFailed(error["message"])
    return answer


def _how_it_ended(researcher: Researcher) -> str:
    """A sentence on a program that gives no answer any more."""
    try:
        status = researcher.process.wait(_GONE_WITHIN_S)
    except subprocess.TimeoutExpired:
        return "the strategy closed what the program that ran it answers through"
    if status >= 0:
        return f"the program ended with exit status {status} while the strategy ran: a strategy may not end it"
    return f"the program was ended by signal {-status} ({signal.strsignal(-status)}) while the strategy ran"


def _outcome(answer: Frame) -> tuple[Outcome, list[bt.BacktestTrade]]:
    document = answer.document
    backtest = ParseDict(document["backtest"], bt.Backtest())
    results = ParseDict(document["results"], bt.BacktestResults())
    trades = [ParseDict(one, bt.BacktestTrade()) for one in document["trades"]]
    names = ("session_date", "equity", "cash", "drawdown", "exposure", "time_ns")
    equity = Equity(results.currency, *(answer.arrays[name] for name in names))
    return Outcome(backtest, results, equity), trades


def _line(file: str, finding: dict[str, Any]) -> str:
    return f"{file}:{finding['line']}: {finding['message']}" if finding["line"] else f"{file}: {finding['message']}"
