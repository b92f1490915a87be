from __future__ import annotations

import numpy as np
import pytest

from scizor.client.cli.chart import Curve, chart

WIDTH, HEIGHT, LABEL = 60, 8, 14


def drawn(values: np.ndarray, other: np.ndarray | None = None) -> list[str]:
    against = None if other is None else Curve("other", other)
    text = chart(Curve("curve", values), against, "2010-01-04", "2010-12-31", width=WIDTH, height=HEIGHT)
    return text.plain.splitlines()


def dots(lines: list[str]) -> list[str]:
    return [line[LABEL:].ljust(WIDTH - LABEL) for line in lines[:HEIGHT]]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    rows = dots(drawn(np.linspace(0.0, 100.0, 500)))
    assert rows[-1][0].strip()
    assert rows[0][-1].strip()
    assert not rows[0][0].strip()
    assert not rows[-1][-1].strip()


def test_every_column_has_a_dot_even_with_fewer_values_than_columns() -> None:
    rows = dots(drawn(np.array([1.0, 5.0, 2.0])))
    assert all(any(row[column].strip() for row in rows) for column in range(WIDTH - LABEL))


def test_a_jump_is_drawn_as_a_line_without_holes() -> None:
    rows = dots(drawn(np.r_[np.zeros(250), np.full(250, 9.0)]))
    assert all(row.strip() for row in rows)


@pytest.mark.parametrize("count", [1, 2, 3000])
def test_a_flat_line_lies_in_the_middle(count: int) -> None:
    rows = dots(drawn(np.full(count, 100_000.0)))
    filled = [number for number, row in enumerate(rows) if row.strip()]
    assert filled == [HEIGHT // 2]


def test_the_scale_and_the_ends_are_labelled() -> None:
    lines = drawn(np.array([90_000.0, 125_000.0]))
    assert "125,000" in lines[0]
    assert "90,000" in lines[HEIGHT - 1]
    assert lines[HEIGHT].split() == ["2010-01-04", "2010-12-31"]


def test_no_line_is_wider_than_asked() -> None:
    lines = drawn(np.random.default_rng(1).normal(size=1000), np.random.default_rng(2).normal(size=1000))
    assert max(map(len, lines)) <= WIDTH


def test_the_other_curve_is_told_apart_without_colour() -> None:
    lines = drawn(np.linspace(0.0, 1.0, 100), np.linspace(1.0, 0.0, 100))
    assert "·" in lines[0]
    assert "· other" in lines[-1]
