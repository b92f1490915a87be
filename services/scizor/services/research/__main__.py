"""`python -m scizor.services.research run|check FILE [BARS]`: one question on standard input, one answer on the output.

What the strategy itself prints goes to standard error: standard output is the answer's.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import IO, Any, NoReturn

from google.protobuf.json_format import ParseDict

from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.codec.backtests import spec_from_proto
from scizor.codec.frames import Frame, read_frame, write_frame
from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import Reason, ScizorError
from scizor.services.backtest.warm import warm_up
from scizor.services.history.load import History
from scizor.services.research.alarm import TooLong, ended_after
from scizor.services.research.bar_file import from_file
from scizor.services.research.findings import as_document, of_a_run, of_error, of_names
from scizor.services.research.material import given, made_up
from scizor.services.research.strategy_file import load_file
from scizor.services.research.work import CALENDAR, computation_of, run_frame
from scizor.strategy.builtin import BuyAndHold, BuyAndHoldEvent
from scizor.strategy.errors import StrategyError, place_of


class Task:
    """One question about one file."""

    def __init__(self, file: str, bars: str, answers: IO[bytes]) -> None:
        self._file, self._bars, self._answers = file, bars, answers

    def run(self, question: Frame) -> Frame:
        """Run the strategy. Raises ScizorError."""
        asked, spec = _asked(question)
        history = self._history(spec, question)
        strategy = load_file(self._file, self._source())(**spec.parameters)
        return run_frame(asked, spec, strategy, history)

    def check(self, question: Frame) -> Frame:
        """Look for mistakes in it."""
        _, spec = _asked(question)
        source, passed = "", f"{self._file}: nothing found"
        try:
            source = self._source()
            strategy = load_file(self._file, source)(**spec.parameters)
        except ScizorError as error:
            found = [of_error(error)]
        else:
            history = self._history(spec, question)
            found = [*of_names(source), *of_a_run(source, strategy, computation_of(spec, strategy, history))]
        return Frame({"findings": [as_document(one) for one in found], "passed": passed})

    def answered(self, task: str, question: Frame) -> Frame:
        """The answer, or the error in its place; both within the deadline."""
        deadline_s = float(question.document["deadlineS"])
        try:
            with ended_after(deadline_s, self._file, lambda line: self._last_word(deadline_s, line)):
                return self.run(question) if task == "run" else self.check(question)
        except ScizorError as error:
            return _error(error)
        except SystemExit as error:
            place = place_of(error.__traceback__, frozenset({self._file}))
            return _error(StrategyError.at("ended the program: a strategy that is done does nothing", place=place))
        except TooLong as error:
            return _error(StrategyError.at(str(error), place=(self._file, 0)))

    def _history(self, spec: BacktestSpec, question: Frame) -> History:
        if self._bars:
            return from_file(Path(self._bars), spec)
        return given(spec, question) if "symbols" in question.document else made_up(spec)

    def _source(self) -> str:
        try:
            return Path(self._file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StrategyError.at(error, place=(self._file, 0)) from error

    def _last_word(self, deadline_s: float, line: int) -> NoReturn:
        told = StrategyError.at(f"no end within {deadline_s:g} s, and it ignores that", place=(self._file, line))
        write_frame(self._answers, _error(told))
        os._exit(1)


def main(task: str, file: str, bars: str = "") -> int:
    """Answer one question."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # What every run needs is read from the disk, or compiled, while the question is still on its way.
    warm_up(CALENDAR, (BuyAndHold, BuyAndHoldEvent))
    write_frame(answers, Frame({"ready": True}))
    try:
        question = read_frame(sys.stdin.buffer)
    except EOFError:  # whoever asked went away
        return 1
    try:
        answer = Task(file, bars, answers).answered(task, question)
    except Exception as error:  # noqa: BLE001 - the one who asked is told, whatever it is
        traceback.print_exc()
        answer = _error(ScizorError(f"a fault of the engine's own, please report it: {type(error).__name__}: {error}"))
    write_frame(answers, answer)
    return 0


def _asked(question: Frame) -> tuple[pb.Backtest, BacktestSpec]:
    asked = ParseDict(question.document["backtest"], pb.Backtest())
    return asked, spec_from_proto(asked)


def _error(error: ScizorError) -> Frame:
    told: dict[str, Any] = {"reason": str(error.reason or Reason.INTERNAL), "message": error.message}
    return Frame({"error": told | {"metadata": dict(error.metadata)}})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
