"""What goes wrong in a strategy's own code: told with the bar it happened at and the line it came from."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from scizor.domain.errors import FieldViolation, InvalidInput, Reason


class StrategyError(InvalidInput):
    """A strategy raised, or asked for what cannot be. What is not known is empty; `line` is 0.

    The message names all of it: `sma_cross.py:41 at 2012-03-05: quantity: must be a whole number of lots of 1`.
    """

    @property
    def strategy(self) -> str:
        """The strategy's id."""
        return self.metadata.get("strategy", "")

    @property
    def time(self) -> str:
        """The bar it was at: its session's date, for bars of a part of a day the instant it closed, ISO, UTC."""
        return self.metadata.get("time", "")

    @property
    def symbol(self) -> str:
        """The symbol it was about."""
        return self.metadata.get("symbol", "")

    @property
    def file(self) -> str:
        """The file of the strategy."""
        return self.metadata.get("file", "")

    @property
    def line(self) -> int:
        """The line in that file."""
        return int(self.metadata.get("line", "0"))

    @classmethod
    def at(
        cls,
        problem: str | Exception,
        *,
        strategy: str = "",
        time: str = "",
        symbol: str = "",
        place: tuple[str, int] = ("", 0),
    ) -> StrategyError:
        """A problem with all that is known of where it arose. `place`: file and line."""
        known: dict[str, str] = {}
        violations: tuple[FieldViolation, ...] = ()
        if isinstance(problem, InvalidInput):
            known, violations, text = dict(problem.metadata), problem.violations, problem.message
        else:
            text = (
                problem if isinstance(problem, str) else ": ".join(filter(None, (type(problem).__name__, str(problem))))
            )
        file, line = place
        told = {"strategy": strategy, "time": time, "symbol": symbol, "file": file, "line": str(line) if line else ""}
        known |= {name: value for name, value in told.items() if value}
        return cls(_sentence(text, known), Reason.STRATEGY_FAILED, metadata=known, violations=violations)


def _sentence(text: str, known: Mapping[str, str]) -> str:
    where = known.get("file", "").replace("\\", "/").rpartition("/")[2]
    where = f"{where}:{known['line']}" if where and "line" in known else where or known.get("strategy", "")
    when = f" at {known['time']}" if "time" in known else ""
    whom = f" ({known['symbol']})" if known.get("symbol") and known["symbol"] not in text else ""
    return f"{where}{when}: {text}{whom}" if where or when else f"{text}{whom}"


def about(symbol: str, field: str, rule: str) -> InvalidInput:
    """One argument of a call about one symbol broke one rule."""
    error = InvalidInput.of_field(field, rule)
    error.metadata["symbol"] = symbol
    return error


def place_of(traceback: TracebackType | None, files: frozenset[str]) -> tuple[str, int]:
    """The innermost file and line of a traceback that is in one of `files`; ("", 0) for none."""
    found = ("", 0)
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in files:
            found = (file, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found
