"""What requests ask for, as values the use cases take."""

from __future__ import annotations

from decimal import Decimal

from google.type.decimal_pb2 import Decimal as DecimalMessage

from scizor.codec.trading import orders as codec
from scizor.codec.trading import risk as risk_codec
from scizor.codec.trading.exact import decimal_from_proto
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.trading_state import TradingState
from scizor.services.trading.desk.drafts import BracketPrices, Draft
from scizor.services.trading.use_cases import LimitWish, StateWish
from scizor.trading.v1 import order_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc


def draft_of(message: order_pb2.Order) -> Draft:
    """The order a caller wants, placed by hand. Raises InvalidInput naming the field below `order`."""
    return Draft(
        client_order_id=message.client_order_id,
        symbol=message.symbol,
        side=codec.side_from_proto(message.side),
        terms=codec.terms_from_proto(message.terms, "order.terms"),
        bracket=_bracket(message.bracket) if message.HasField("bracket") else None,
        group=message.oco_group,
    )


def quantity_of(message: rpc.ClosePositionRequest) -> Decimal | None:
    """So many shares, None for all. Raises InvalidInput."""
    return decimal_from_proto(message.quantity, "quantity") if message.HasField("quantity") else None


def limit_of(message: risk_pb2.RiskLimit, key: str) -> LimitWish:
    """The limit a caller wants for `key`. Raises InvalidInput."""
    rule, scope = Rule(message.rule), Scope(message.scope)
    value = risk_codec.value_from_proto(message)
    return LimitWish(rule, scope, key, value, risk_codec.action_from_proto(message), message.etag)


def state_of(message: rpc.SetTradingStateRequest, account: str) -> StateWish:
    """What the account is to be."""
    return StateWish(account, TradingState(message.state), message.reason, message.flatten)


def _bracket(message: order_pb2.Bracket) -> BracketPrices:
    def price(name: str, message: DecimalMessage, *, given: bool) -> Decimal | None:
        return decimal_from_proto(message, f"order.bracket.{name}") if given else None

    return BracketPrices(
        price("take_profit_price", message.take_profit_price, given=message.HasField("take_profit_price")),
        price("stop_loss_price", message.stop_loss_price, given=message.HasField("stop_loss_price")),
        price("stop_loss_limit_price", message.stop_loss_limit_price, given=message.HasField("stop_loss_limit_price")),
    )
