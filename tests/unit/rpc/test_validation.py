"""How a broken rule is told: the field as the contract spells it, the rule in words, the reason for machines."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.message import Message
from google.type.money_pb2 import Money

from scizor.backtest.v1 import backtest_service_pb2 as backtest
from scizor.backtest.v1.backtest_pb2 import Backtest
from scizor.domain.errors import InvalidInput, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as marketdata
from scizor.rpc.calls import Call
from scizor.rpc.validation import Validation


def refusal_of(message: Message) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        Validation().check(cast("Call", None), message)
    return caught.value


def creating(**changes: Any) -> backtest.CreateBacktestRequest:
    money = Money(currency_code="USD", units=1000)
    fields: dict[str, Any] = {"strategy_id": "sma_cross", "symbols": ["AAPL"], "initial_capital": money}
    return backtest.CreateBacktestRequest(backtest=Backtest(**fields | changes))


def test_a_good_message_passes() -> None:
    Validation().check(cast("Call", None), creating())


def test_a_field_is_named_by_its_path_with_indexes() -> None:
    request = creating(symbols=["AAPL", "?"], commission_bps=-1)
    error = refusal_of(request)
    assert error.reason is Reason.FIELD_INVALID
    assert [each.field for each in error.violations] == ["backtest.symbols[1]", "backtest.commission_bps"]
    assert error.message.startswith("backtest.symbols[1]: does not match")
    assert "; backtest.commission_bps: must be" in error.message
    assert error.metadata["field"] == "backtest.symbols[1]"


def test_a_reversed_range_has_its_own_reason_and_names_both_dates() -> None:
    error = refusal_of(marketdata.GetBarsRequest(symbol="A", start="2020-01-02", end="2020-01-01"))
    assert error.reason is Reason.DATE_RANGE_INVALID
    assert [each.field for each in error.violations] == ["start", "end"]
    nested = refusal_of(creating(start="2020-01-02", end="2020-01-01"))
    assert [each.field for each in nested.violations] == ["backtest.start", "backtest.end"]
    assert "start must not be after end" in nested.message


def test_a_range_among_other_broken_rules_is_one_of_many() -> None:
    error = refusal_of(marketdata.GetBarsRequest(symbol="?", start="2020-01-02", end="2020-01-01"))
    assert error.reason is Reason.FIELD_INVALID


def test_negative_capital_is_told_in_the_contracts_words() -> None:
    request = creating(initial_capital=Money(currency_code="USD", units=-5))
    assert refusal_of(request).message == "backtest.initial_capital: must be more than zero"


def test_a_missing_oneof_is_named() -> None:
    assert refusal_of(marketdata.ImportBarsRequest()).violations[0].field == "payload"


def test_a_thousand_broken_rules_are_told_shortly() -> None:
    error = refusal_of(marketdata.StreamBarsRequest(symbols=[f"?{n}" for n in range(1000)]))
    assert error.message.endswith("; and 990 more")
