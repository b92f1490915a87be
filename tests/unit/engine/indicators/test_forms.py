"""What holds for every indicator: one kernel, three forms, the same values to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.engine.indicators import TABLE, Indicator
from tests.unit.engine.indicators.bars import NAN, existing, inputs, parameters

every_indicator = pytest.mark.parametrize("indicator", TABLE.values(), ids=TABLE.keys())
# Values that exist only where something else happened too.
OF_ITS_OWN = {"zscore", "beta", "correlation", "vwap", "highest_since", "lowest_since", "cross", "sma_cross"}


@every_indicator
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_batch_and_incremental_are_equal_to_the_last_bit(indicator: Indicator, data: st.DataObject) -> None:
    columns, chosen = data.draw(inputs(indicator)), data.draw(parameters(indicator))
    whole = indicator.column(*columns, **chosen)
    incremental = indicator.incremental(**chosen)
    firsts, values, ready = [], [], []
    for bar in zip(*columns, strict=True):
        firsts.append(incremental.update(*bar))
        values.append(np.array(incremental.values))
        ready.append(incremental.ready)
    np.testing.assert_array_equal(np.array(values).reshape(-1, len(whole)).T, whole)
    np.testing.assert_array_equal(firsts, whole[0])
    np.testing.assert_array_equal(ready, ~np.isnan(whole).any(axis=0))


@every_indicator
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_missing_bar_has_no_value_and_takes_no_place_in_a_window(indicator: Indicator, data: st.DataObject) -> None:
    columns, chosen = data.draw(inputs(indicator)), data.draw(parameters(indicator))
    missing = np.isnan(np.array(columns)).any(axis=0)
    gappy = indicator.column(*columns, **chosen)
    assert np.isnan(gappy[:, missing]).all()
    dense = indicator.column(*(column[~missing] for column in columns), **chosen)
    np.testing.assert_array_equal(gappy[:, ~missing], dense)


@every_indicator
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_first_value_is_where_the_table_says(indicator: Indicator, data: st.DataObject) -> None:
    columns, chosen = data.draw(inputs(indicator)), data.draw(parameters(indicator))
    bars = np.array(existing(columns)).reshape(-1, len(indicator.inputs))
    values = indicator.column(*bars.T, **chosen)
    for output, first in zip(values, indicator.first_valid(*map(int, indicator.resolve(chosen))), strict=True):
        assert np.isnan(output[:first]).all()
        if indicator.name not in OF_ITS_OWN:
            assert not np.isnan(output[first:]).any()


@every_indicator
def test_a_value_depends_on_no_later_bar(indicator: Indicator) -> None:
    rng = np.random.default_rng(5)
    columns = [np.round(rng.uniform(1, 9, 200), 1) for _ in indicator.inputs]
    whole = indicator.column(*columns)
    for end in (1, 50, 130):
        np.testing.assert_array_equal(indicator.column(*(column[:end] for column in columns)), whole[:, :end])


@every_indicator
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_matrix_is_its_columns_for_any_number_of_threads(indicator: Indicator, threads: int) -> None:
    rng = np.random.default_rng(3)
    shape = (130, 7) if threads == 1 else (2_000, 251)
    matrices = [np.round(rng.uniform(1, 9, shape), 1) for _ in indicator.inputs]
    matrices[0][rng.random(shape) < 0.05] = NAN
    together = indicator.matrix(*matrices, threads=threads)
    assert together.shape == (len(indicator.outputs), *shape)
    assert together.flags.c_contiguous
    for symbol in (0, 3, shape[1] - 1):
        alone = indicator.column(*(matrix[:, symbol] for matrix in matrices))
        np.testing.assert_array_equal(together[:, :, symbol], alone)


def test_one_column_stands_beside_each_symbols_own() -> None:
    rng = np.random.default_rng(4)
    stocks, market = rng.uniform(1, 9, (100, 3)), rng.uniform(1, 9, (100, 1))
    together = TABLE["beta"].matrix(stocks, market, window=20)
    np.testing.assert_array_equal(together[0, :, 2], TABLE["beta"].column(stocks[:, 2], market[:, 0], window=20)[0])


@every_indicator
def test_a_copy_goes_on_apart_from_the_original(indicator: Indicator) -> None:
    rng = np.random.default_rng(6)
    bars = np.round(rng.uniform(1, 9, (120, len(indicator.inputs))), 1).tolist()
    original = indicator.incremental()
    for bar in bars[:60]:
        original.update(*bar)
    copy = original.copy()
    assert copy.ready == original.ready
    for bar in reversed(bars):
        copy.update(*bar)
    for bar in bars[60:]:
        original.update(*bar)
    np.testing.assert_array_equal(original.values, indicator.column(*np.array(bars).T)[:, -1])


@every_indicator
def test_every_indicator_says_its_formula_and_its_first_value(indicator: Indicator) -> None:
    assert indicator.description.strip()
    assert indicator.warm_up_bars() == max(indicator.first_valid(*map(int, indicator.resolve({}))))
    assert len(indicator.first_valid(*map(int, indicator.resolve({})))) == len(indicator.outputs)


@pytest.mark.parametrize(
    ("name", "chosen", "field"),
    [
        ("sma", {"window": 0}, "sma.window"),
        ("sma", {"window": 2.5}, "sma.window"),
        ("sma", {"window": NAN}, "sma.window"),
        ("sma", {"length": 5}, "sma.length"),
        ("std", {"window": 1}, "std.window"),
        ("macd", {"fast": 26, "slow": 26}, "macd.fast"),
        ("sma_cross", {"fast": 30, "slow": 10}, "sma_cross.fast"),
        ("bollinger", {"width": -1.0}, "bollinger.width"),
    ],
)
def test_a_bad_parameter_is_named_with_its_rule(name: str, chosen: dict[str, float], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        TABLE[name].column(np.ones(5), **chosen)
    assert raised.value.violations[0].field == field


def test_inputs_of_another_number_or_length_are_refused() -> None:
    with pytest.raises(InvalidInput, match="takes 3 inputs: high, low, close"):
        TABLE["atr"].column(np.ones(5))
    with pytest.raises(InvalidInput, match="same length"):
        TABLE["atr"].column(np.ones(5), np.ones(5), np.ones(4))
    with pytest.raises(InvalidInput, match="same number of columns"):
        TABLE["beta"].matrix(np.ones((5, 3)), np.ones((5, 2)))
    with pytest.raises(InvalidInput, match="takes 3 inputs"):
        TABLE["atr"].incremental().update(1.0)
