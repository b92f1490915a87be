"""Instruments, actions and findings between message and value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.codec import actions, quality, symbols
from scizor.codec.broker import to_broker_health
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.broker import ConnectionState, ConnectionStatus
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.instruments import AssetType, Instrument, StoredInstrument, Verification
from scizor.domain.quality import (
    DataFlag,
    FlagKind,
    ImportSummary,
    RejectedRow,
    Rule,
    StoredFlag,
    StoredRejection,
    Verdict,
)
from scizor.marketdata.v1 import corporate_action_pb2, quality_pb2, symbol_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb

DIVIDEND = corporate_action_pb2.CORPORATE_ACTION_TYPE_DIVIDEND
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
BHP = Instrument("BHP", "ASX", "AUD", name="BHP Group", listed_date=date(1885, 8, 13))


def test_a_stored_instrument_becomes_a_symbol() -> None:
    message = symbols.to_symbol(StoredInstrument(1, BHP, None, Verification.NEVER, NOW, NOW, 3))
    assert (message.id, message.etag, message.listed_date, message.delisted_date) == ("BHP.ASX", "v3", "1885-08-13", "")
    assert message.active
    assert message.asset_type == symbol_pb2.ASSET_TYPE_STOCK
    assert not message.HasField("last_verified")
    assert message.create_time.ToDatetime(tzinfo=UTC) == NOW


def test_a_symbol_tells_what_the_broker_said_of_it() -> None:
    said = StoredInstrument(1, BHP, NOW, Verification.INVALID, NOW, NOW, 3, "the broker knows no BHP.ASX.AUD", 42, NOW)
    message = symbols.to_symbol(said)
    assert message.verified_result == symbol_pb2.VERIFICATION_INVALID
    assert (message.verified_reason, message.contract_id) == ("the broker knows no BHP.ASX.AUD", 42)
    assert message.last_verified.ToDatetime(tzinfo=UTC) == message.deactivate_time.ToDatetime(tzinfo=UTC) == NOW
    unsaid = symbols.to_symbol(StoredInstrument(1, BHP, None, Verification.NEVER, NOW, NOW, 3))
    assert not unsaid.HasField("deactivate_time")


def test_a_flag_becomes_a_message() -> None:
    flag = DataFlag(FlagKind.SUSPECTED_SPLIT, date(2014, 6, 9), "open 92.7 after close 645.57", 7.0)
    message = quality.to_flag(StoredFlag("AAPL.NASDAQ", flag, NOW))
    assert (message.symbol, message.session_date, message.ratio) == ("AAPL.NASDAQ", "2014-06-09", 7.0)
    assert message.kind == quality_pb2.DATA_FLAG_KIND_SUSPECTED_SPLIT
    assert message.create_time.ToDatetime(tzinfo=UTC) == NOW


def test_the_brokers_connection_becomes_a_message() -> None:
    status = ConnectionStatus(ConnectionState.DEGRADED, "127.0.0.1:4002", NOW, 178, True, "1100: connectivity lost")
    message = to_broker_health(status)
    assert message.state == pb.CONNECTION_STATE_DEGRADED
    assert (message.address, message.server_version, message.simulated) == ("127.0.0.1:4002", 178, True)
    assert message.message == "1100: connectivity lost"


def test_a_created_instrument_is_active_and_takes_defaults() -> None:
    made = symbols.to_new_instrument(symbol_pb2.Symbol(symbol="A", primary_exchange="NYSE", currency="USD"))
    assert made == Instrument("A", "NYSE", "USD")
    assert made.asset_type is AssetType.STOCK


def test_only_masked_fields_change() -> None:
    message = symbol_pb2.Symbol(name="New", sector="Ignored", delisted_date="2020-01-02")
    after = symbols.changed(BHP, message, FieldMask(paths=["name", "delisted_date", "active"]))
    assert (after.name, after.sector, after.delisted_date, after.active) == ("New", "", date(2020, 1, 2), False)


@pytest.mark.parametrize("paths", [[], ["symbol"], ["name", "etag"], ["*"], ["nonsense"]])
def test_a_mask_of_nothing_or_of_a_fixed_field_is_refused(paths: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        symbols.demand_changeable(FieldMask(paths=paths))
    assert refusal.value.violations[0].field == "update_mask"


def test_a_date_there_is_not_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidInput) as refusal:
        symbols.to_new_instrument(symbol_pb2.Symbol(listed_date="2010-02-30"))
    assert refusal.value.violations[0].field == "symbol.listed_date"
    assert refusal.value.reason is Reason.DATE_RANGE_INVALID


def test_a_rule_of_the_instrument_names_the_field_as_the_caller_spells_it() -> None:
    rule = r"^symbol\.delisted_date: must not be before listed_date"
    with pytest.raises(InvalidInput, match=rule):
        symbols.to_new_instrument(symbol_pb2.Symbol(listed_date="2010-02-03", delisted_date="2010-02-02"))
    with pytest.raises(InvalidInput, match=rule):
        symbols.changed(BHP, symbol_pb2.Symbol(delisted_date="1880-01-02"), FieldMask(paths=["delisted_date"]))


@pytest.mark.parametrize(
    "action",
    [
        CorporateAction(ActionType.SPLIT, date(2014, 6, 9), Decimal(7), "issuer"),
        CorporateAction(ActionType.SPLIT, date(2014, 6, 9), Decimal("0.1"), "issuer"),
        CorporateAction(ActionType.DIVIDEND, date(2012, 8, 9), Decimal("2.65"), "issuer", date(2012, 8, 16)),
    ],
)
def test_an_action_survives_the_way_there_and_back(action: CorporateAction) -> None:
    message = actions.to_message("AAPL.NASDAQ", action)
    assert actions.from_message(message) == action
    assert message.HasField("ratio") == (action.type is ActionType.SPLIT)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "NaN", "Infinity", "1e10", "1e-11", "1" * 100])
def test_a_value_that_is_no_amount_is_refused_by_its_field(text: str) -> None:
    message = corporate_action_pb2.CorporateAction(
        type=DIVIDEND, ex_date="2012-08-09", amount=DecimalMessage(value=text)
    )
    with pytest.raises(InvalidInput) as refusal:
        actions.from_message(message)
    assert refusal.value.violations[0].field == "action.amount"


@pytest.mark.parametrize("text", ["", "2012-02-30"])
def test_an_action_needs_a_date_there_is(text: str) -> None:
    message = corporate_action_pb2.CorporateAction(type=DIVIDEND, ex_date=text, amount=DecimalMessage(value="1"))
    with pytest.raises(InvalidInput) as refusal:
        actions.from_message(message)
    assert refusal.value.violations[0].field == "action.ex_date"


def test_a_summary_survives_the_way_there_and_back() -> None:
    counts = ((Rule.CONFLICT, 2), (Rule.UNREADABLE, 1))
    summary = ImportSummary("i", Verdict.PARTIAL, 9, 3, 2, 1, 3, counts, "file:x", ("A.NYSE",), NOW)
    assert quality.from_summary(quality.to_summary(summary)) == summary


def test_a_rejected_row_keeps_its_texts() -> None:
    row = RejectedRow(7, Rule.UNREADABLE, "no number", "A", "yesterday", "1,x")
    message = quality.to_rejected_row(StoredRejection("i", row, "file:x", NOW))
    assert (message.row_number, message.session_date, message.raw, message.source) == (7, "yesterday", "1,x", "file:x")
