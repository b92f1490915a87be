from __future__ import annotations

import pytest

from scizor.client.cli.parse import settings, symbol_names
from scizor.client.cli.usage import CommandFailed


def test_parameters_have_the_type_they_read_as() -> None:
    given = settings(["fast=10", "ratio=0.5", "exact=true", "direction=long_only", "note=a=b"])
    assert given == {"fast": 10, "ratio": 0.5, "exact": True, "direction": "long_only", "note": "a=b"}


@pytest.mark.parametrize("word", ["fast", "=10", "fast slow=3", ""])
def test_what_is_no_name_with_a_value_is_a_wrong_call(word: str) -> None:
    with pytest.raises(CommandFailed, match="name=value") as caught:
        settings([word])
    assert caught.value.status == 2


def test_a_parameter_named_twice_is_a_wrong_call() -> None:
    with pytest.raises(CommandFailed, match="fast twice"):
        settings(["fast=1", "fast=2"])


def test_symbols_come_one_by_one_or_with_commas_each_once() -> None:
    assert symbol_names(["aapl,MSFT", "IBM", " AAPL "]) == ["AAPL", "MSFT", "IBM"]


def test_no_symbol_at_all_is_a_wrong_call() -> None:
    with pytest.raises(CommandFailed, match="at least one"):
        symbol_names([","])
