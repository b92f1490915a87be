"""Splits and dividends between message and value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from google.type import decimal_pb2

from scizor.codec.times import to_session
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.sessions import parse_session
from scizor.marketdata.v1 import corporate_action_pb2

_MAX_DIGITS_BEFORE_POINT = 10
_MAX_DIGITS_AFTER_POINT = 10
_MAX_CHARS = 40


def to_message(symbol: str, action: CorporateAction) -> corporate_action_pb2.CorporateAction:
    """An action of the instrument with the full id `symbol`."""
    value = decimal_pb2.Decimal(value=f"{action.value.normalize():f}")
    is_split = action.type is ActionType.SPLIT
    return corporate_action_pb2.CorporateAction(
        symbol=symbol,
        type=corporate_action_pb2.CorporateActionType.ValueType(action.type),
        ex_date=action.ex_date.isoformat(),
        ratio=value if is_split else None,
        amount=None if is_split else value,
        pay_date=to_session(action.pay_date),
        source=action.source,
    )


def from_message(message: corporate_action_pb2.CorporateAction) -> CorporateAction:
    """What a message asks to record. Raises InvalidInput naming the field that holds no such date or amount."""
    is_split = message.type == corporate_action_pb2.CORPORATE_ACTION_TYPE_SPLIT
    return CorporateAction(
        type=ActionType(message.type),
        ex_date=_ex_date(message.ex_date),
        value=_positive("action.ratio", message.ratio) if is_split else _positive("action.amount", message.amount),
        source=message.source,
        pay_date=parse_session("action.pay_date", message.pay_date),
    )


def _ex_date(text: str) -> date:
    session = parse_session("action.ex_date", text)
    if session is None:
        raise InvalidInput.of_field("action.ex_date", "must be given", Reason.DATE_RANGE_INVALID)
    return session


def _positive(field: str, message: decimal_pb2.Decimal) -> Decimal:
    text = message.value
    try:
        value = Decimal(text) if len(text) <= _MAX_CHARS else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not (value.is_finite() and value > 0 and _fits(value)):
        rule = (
            f"must be a decimal number above zero with at most {_MAX_DIGITS_BEFORE_POINT} digits before the point "
            f"and {_MAX_DIGITS_AFTER_POINT} after it, not {text[:_MAX_CHARS]!r}"
        )
        raise InvalidInput.of_field(field, rule)
    return value


def _fits(value: Decimal) -> bool:
    exponent = value.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return value.adjusted() < _MAX_DIGITS_BEFORE_POINT and places <= _MAX_DIGITS_AFTER_POINT
