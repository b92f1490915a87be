"""How long a bar lasts, in people's words."""

from __future__ import annotations

import pytest

from scizor.client.cli.parse import Length
from scizor.domain.intervals import Interval


@pytest.mark.parametrize("interval", Interval)
def test_an_interval_is_spelled_as_the_command_takes_it(interval: Interval) -> None:
    assert Length(interval.word).interval is interval
    assert interval.word == Length[interval.name].value
