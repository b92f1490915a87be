"""The place of a mistake, to the character."""

from __future__ import annotations

from textwrap import dedent

import pytest

from scizor.services.research.places import column_of, suspect
from scizor.strategy.errors import StrategyError
from scizor.strategy.loader import load


def text(line: str) -> str:
    return dedent(f"""
        class Other:
            def targets(self, bars):
                return bars.close[-1]

        class Mine:
            def targets(self, bars):
                average = bars.close.mean
                return {line}
    """)


@pytest.mark.parametrize(
    "line",
    [
        "np.roll(bars.close, -1, axis=0)",
        "frame.shift(periods=-2)",
        "bars.close.max()",
        "bars.close[::-1]",
        "bars.close[1:]",
        "bars.close[row + 1, 0]",
        "bars.close[-1]",
        "np.flip(bars.close)",
    ],
)
def test_what_reaches_ahead_is_shown(line: str) -> None:
    assert suspect(text(line), "Mine") == ((9, 16), line)


@pytest.mark.parametrize(
    "line", ["np.roll(bars.close, 1)", "bars.close[:5]", "bars.close[row]", "frame.shift(1, axis=-1)"]
)
def test_what_looks_back_is_not(line: str) -> None:
    assert suspect(text(line), "Mine") == ((7, 5), "def targets")


def test_a_class_that_is_not_there_has_no_place() -> None:
    assert suspect(text("0"), "Theirs") is None
    assert suspect("class Mine: pass", "Mine") is None


def test_a_long_expression_is_cut() -> None:
    found = suspect(text(f"np.roll({' + '.join(['bars.close'] * 20)}, -1)"), "Mine")
    assert found is not None
    assert (len(found[1]), found[1][-1]) == (80, "…")


def test_an_error_knows_its_character() -> None:
    with pytest.raises(StrategyError) as caught:
        load("x = 1 + (2 /\n  0)\n", "mine.py")
    assert (caught.value.line, column_of(caught.value)) == (1, 10)
    assert column_of(StrategyError.at("x")) == 0
