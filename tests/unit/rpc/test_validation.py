"""How a broken rule is told: the field as the contract spells it, the rule in words, the reason for machines."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.message import Message
from google.type.money_pb2 import Money

from scizor.backtest.v1 import backtest_service_pb2 as backtest
from scizor.backtest.v1 import optimization_pb2 as optimization
from scizor.backtest.v1.backtest_pb2 import Backtest
from scizor.domain.errors import InvalidInput, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as marketdata
from scizor.rpc.calls import Call
from scizor.rpc.messages import receiver
from scizor.rpc.validation import Validation, paths_of_nul


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


def test_a_nul_is_refused_wherever_a_text_may_stand_and_named_as_the_caller_spells_it() -> None:
    parameters: dict[str, Any] = {
        "note": "a\0",
        "b\0": 1,
        "listed": ["x", "\0"],
        "deep": {"of it": {"end": "\0"}},
        "fast": 10,
    }
    request = creating(title="\0", symbols=["AAPL", "A\0"], initial_capital=Money(currency_code="US\0", units=1))
    request.backtest.parameters.update(parameters)
    error = refusal_of(request)
    assert error.reason is Reason.FIELD_INVALID
    assert {each.description for each in error.violations} == {"must not hold the character NUL"}
    assert sorted(each.field for each in error.violations) == [
        "backtest.initial_capital.currency_code",
        "backtest.parameters.deep.of it.end",
        "backtest.parameters.listed[1]",
        "backtest.parameters.note",
        'backtest.parameters["b\\u0000"]',
        "backtest.symbols[1]",
        "backtest.title",
    ]
    assert error.metadata["field"] in {each.field for each in error.violations}


def test_a_nul_in_a_map_is_named_by_its_key() -> None:
    trial = optimization.Trial(error="\0", figures={"sharpe": 0.0, "c\0": 1.0})
    columns = optimization.TrialColumns(errors={3: "x", 4: "\0"})
    assert sorted(paths_of_nul(trial)) == ["error", 'figures["c\\u0000"]']
    assert list(paths_of_nul(columns)) == ["errors[4]"]


def test_nuls_among_bytes_and_numbers_are_none_of_texts() -> None:
    Validation().check(cast("Call", None), marketdata.ImportBarsRequest(data=b"\0" * 1000))
    columns = optimization.TrialColumns(number=[0] * 1000, feasible=[False] * 1000)
    assert list(paths_of_nul(columns)) == []


def test_half_of_a_surrogate_pair_never_becomes_a_message() -> None:
    error = receiver(marketdata.GetSymbolRequest.FromString, 1000)(b"\x0a\x03\xed\xa0\x80")
    assert isinstance(error, InvalidInput)
    with pytest.raises(ValueError, match="surrogates"):
        marketdata.GetSymbolRequest(symbol="\ud800")


@pytest.mark.parametrize("scheme", [optimization.VALIDATION_SCHEME_ANCHORED, optimization.VALIDATION_SCHEME_ROLLING])
def test_an_embargo_is_refused_where_nothing_is_trained_on_after_what_is_tested(
    scheme: optimization.ValidationScheme.ValueType,
) -> None:
    asked = optimization.Optimization(backtest=creating().backtest)
    asked.space.add(name="fast", range=optimization.NumberRange(min=2, max=9))
    request = optimization.CreateOptimizationRequest(optimization=asked)
    validation = request.optimization.validation
    validation.scheme, validation.embargo_sessions = scheme, 5
    error = refusal_of(request)
    assert error.metadata["field"] == "optimization.validation.embargo_sessions"
    assert "embargo_sessions must be 0 with ANCHORED and ROLLING" in error.message
    validation.scheme = optimization.VALIDATION_SCHEME_PURGED_K_FOLD
    Validation().check(cast("Call", None), request)
    validation.scheme, validation.embargo_sessions = scheme, 0
    Validation().check(cast("Call", None), request)
