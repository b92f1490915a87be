from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.strategy import Bars, Bool, Choice, Float, FloatArray, Int, Interval, VectorStrategy
from scizor.strategy import indicators as ta
from scizor.strategy.weights import weights_of
from tests.unit.strategy.build import NAN, panel_of, random_panel


class Declared(VectorStrategy):
    """Of everything one."""

    window = Int(3, 1, 100, "Bars")
    share = Float(0.5, 0.0, 1.0)
    side = Choice("long", ("long", "short"))
    twice = Bool(False)
    mean = ta.sma("close", window=window)
    smooth = ta.sma(mean, window=2)
    bands = ta.bollinger(window=window, width=1.5)

    def targets(self, bars: Bars) -> FloatArray:
        return np.where(np.isnan(self.smooth.matrix), NAN, self.share)


def test_an_attribute_is_the_value_in_an_instance_and_the_declaration_in_the_class() -> None:
    strategy = Declared(window=7, twice=True)
    assert (strategy.window, strategy.share, strategy.side, strategy.twice) == (7, 0.5, "long", True)
    assert [one.name for one in Declared.parameters()] == ["window", "share", "side", "twice"]
    assert Declared.window.maximum == 100
    assert dict(strategy.params) == {"window": 7, "share": 0.5, "side": "long", "twice": True}


def test_the_docstring_is_the_description_and_the_name_the_id() -> None:
    assert (Declared.id, Declared.description) == ("declared", "Of everything one.")


def test_a_subclass_keeps_what_its_base_declares_and_may_declare_anew() -> None:
    class Wider(Declared):
        window = Int(9, 1, 100)

    assert Wider().window == 9
    assert Wider().warmup_bars == 9
    assert len(Wider.parameters()) == 4


@pytest.mark.parametrize("raw", [{"share": "1"}, {"share": True}, {"share": NAN}, {"share": 1.01}, {"share": 10**400}])
def test_a_float_parameter_takes_finite_numbers_within_its_bounds(raw: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"parameters\.share"):
        Declared(**raw)


def test_a_switch_takes_no_numbers() -> None:
    with pytest.raises(InvalidInput, match=r"parameters\.twice: must be true or false"):
        Declared(twice=1)


def test_a_default_outside_its_bounds_is_refused_where_it_is_written() -> None:
    with pytest.raises(InvalidInput, match="must be between 1 and 5"):
        Int(6, 1, 5)


def test_names_that_strategies_have_already_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="targets means something else to every strategy"):
        type("Bad", (VectorStrategy,), {"targets": Int(1, 1, 5)})


def test_an_init_of_ones_own_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(TypeError, match="set things up in on_start"):
        type("Bad", (VectorStrategy,), {"__init__": lambda self: None})


def test_warm_up_follows_from_the_declared_indicators_and_their_parameters() -> None:
    assert Declared().warmup_bars == 3  # a mean of 3 bars, and another of 2 of those
    assert Declared(window=20).warmup_bars == 20


@pytest.mark.parametrize(
    ("declare", "rule"),
    [
        (lambda: ta.sma("price", window=3), "'price' is no column"),  # type: ignore[arg-type]  # the mistake is meant
        (lambda: ta.sma(window=0), "sma.window: must be between"),
        (lambda: ta.sma(ta.rsi(window=3, interval=Interval.DAY_1), window=3), "another interval"),
    ],
)
def test_a_declaration_that_cannot_be_computed_is_refused_where_it_is_written(declare: object, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        declare()  # type: ignore[operator]  # parametrised callables


def test_values_are_there_only_while_a_strategy_runs() -> None:
    with pytest.raises(InvalidInput, match="mean: Declared has its values only while it runs"):
        _ = Declared().mean


def test_indicators_of_indicators_and_of_several_outputs_are_computed_together() -> None:
    seen: dict[str, FloatArray] = {}

    class Seeing(Declared):
        def targets(self, bars: Bars) -> FloatArray:
            seen.update(mean=self.mean.matrix, smooth=self.smooth.matrix, upper=self.bands.upper.matrix)
            return super().targets(bars)

    weights_of(Seeing(), Market(panel_of([[1.0], [2.0], [6.0], [4.0]])), Settings())
    np.testing.assert_array_equal(seen["mean"][:, 0], [NAN, NAN, 3.0, 4.0])
    np.testing.assert_array_equal(seen["smooth"][:, 0], [NAN, NAN, NAN, 3.5])
    assert seen["upper"][2, 0] > 3.0


def test_an_indicator_against_one_symbol_is_the_same_for_all() -> None:
    seen: list[FloatArray] = []

    class Against(VectorStrategy):
        level = ta.sma(ta.of("S1"), window=2)
        beta = ta.beta(ta.roc(window=1), against=ta.roc(ta.of("S1"), window=1), window=20)

        def targets(self, bars: Bars) -> FloatArray:
            seen.extend((self.level.matrix, self.beta.matrix))
            return np.full(bars.close.shape, NAN)

    weights_of(Against(), Market(random_panel(60, 3, 1)), Settings())
    level, beta = seen
    assert level.shape == (60, 3)
    np.testing.assert_array_equal(level[:, 0], level[:, 1])
    np.testing.assert_allclose(beta[-1, 1], 1.0)


def test_matrices_cannot_be_written() -> None:
    class Writing(VectorStrategy):
        mean = ta.sma(window=1)

        def targets(self, bars: Bars) -> FloatArray:
            for matrix in (bars.open, bars.close, bars.volume, self.mean.matrix):
                with pytest.raises(ValueError, match="read-only"):
                    matrix[0, 0] = 1.0
            with pytest.raises(ValueError, match="read-only"):
                bars.sessions[0] = np.datetime64("2000-01-01")
            return np.full(bars.close.shape, NAN)

    weights_of(Writing(), Market(panel_of([[1.0], [2.0]])), Settings())


def test_a_split_is_no_crash_to_a_vector_strategy_and_nothing_before_it_knows_of_it() -> None:
    seen: list[FloatArray] = []

    class Seeing(VectorStrategy):
        def targets(self, bars: Bars) -> FloatArray:
            seen.append(bars.close.copy())
            seen.append(bars.volume.copy())
            return np.full(bars.close.shape, NAN)

    split = CorporateAction(ActionType.SPLIT, date(1970, 1, 3), Decimal(2), "test")
    panel = panel_of([[100.0, 5.0], [102.0, 5.0], [51.0, 5.0], [52.0, 5.0]], symbols=("A", "B"))
    weights_of(Seeing(), Market(panel, actions={"A": [split]}), Settings())
    np.testing.assert_array_equal(seen[0], [[100.0, 5.0], [102.0, 5.0], [102.0, 5.0], [104.0, 5.0]])
    np.testing.assert_array_equal(seen[1][:, 0], [1e6, 1e6, 5e5, 5e5])


def test_bars_that_are_too_long_for_an_indicator_are_told_with_its_name() -> None:
    class Daily(VectorStrategy):
        by_day = ta.sma("close", window=2, interval=Interval.DAY_1)

        def targets(self, bars: Bars) -> FloatArray:
            return self.by_day.matrix

    rule = r"by_day\.interval: must be longer than the bars, 1d is not: run it on shorter ones, such as --interval"
    with pytest.raises(InvalidInput, match=rule):
        weights_of(Daily(), Market(random_panel(5, 1, 1)), Settings())
