"""Messages about the account: values, positions, executions and what they cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from scizor.services.ibsim.broker.pnl import Gains
from scizor.services.ibsim.broker.words import ACCOUNT, Execution, Position
from scizor.services.ibsim.market.api import Listing
from scizor.services.ibsim.wire.fields import UNSET_DOUBLE, Value, encode
from scizor.services.ibsim.wire.ids import Out

_PENDING_REVISION_FROM = 178


def contract_fields(listing: Listing, exchange: str) -> tuple[Value, ...]:
    """The eleven fields of a contract in most messages."""
    names = (exchange, listing.currency, listing.local_symbol, listing.trading_class)
    return (listing.con_id, listing.symbol, listing.sec_type, "", 0, "", "", *names)


def account_value(key: str, value: str, currency: str) -> bytes:
    """One value of the account."""
    return encode((Out.ACCT_VALUE, 2, key, value, currency, ACCOUNT))


def portfolio_value(position: Position, price: Decimal, unrealized: Decimal) -> bytes:
    """A position at its market price."""
    listing = position.listing
    amounts = (position.shares, price, price * position.shares, position.average_cost, unrealized, position.realized)
    contract = contract_fields(listing, listing.primary_exchange)
    return encode((Out.PORTFOLIO_VALUE, 8, *contract, *map(plain, amounts), ACCOUNT))


def account_time(now: datetime) -> bytes:
    """When the values were computed, UTC."""
    return encode((Out.ACCT_UPDATE_TIME, 1, f"{now:%H:%M}"))


def account_end() -> bytes:
    """The account has been told in full."""
    return encode((Out.ACCT_DOWNLOAD_END, 1, ACCOUNT))


def account_summary(req_id: int, tag: str, value: str, currency: str) -> bytes:
    """One value of a summary."""
    return encode((Out.ACCOUNT_SUMMARY, 1, req_id, ACCOUNT, tag, value, currency))


def account_summary_end(req_id: int) -> bytes:
    """The summary has been told in full."""
    return encode((Out.ACCOUNT_SUMMARY_END, 1, req_id))


def account_update_multi(req_id: int, model: str, key: str, value: str, currency: str) -> bytes:
    """One value of the account, for a request of its own."""
    return encode((Out.ACCOUNT_UPDATE_MULTI, 1, req_id, ACCOUNT, model, key, value, currency))


def account_update_multi_end(req_id: int) -> bytes:
    """All values have been told."""
    return encode((Out.ACCOUNT_UPDATE_MULTI_END, 1, req_id))


def position(value: Position) -> bytes:
    """A position, for everyone who listens to positions."""
    contract = contract_fields(value.listing, "")
    return encode((Out.POSITION_DATA, 3, ACCOUNT, *contract, plain(value.shares), plain(value.average_cost)))


def position_end() -> bytes:
    """All positions have been told; changes follow."""
    return encode((Out.POSITION_END, 1))


def position_multi(req_id: int, value: Position, model: str) -> bytes:
    """A position, for a request of its own."""
    contract = contract_fields(value.listing, "")
    amounts = (plain(value.shares), plain(value.average_cost))
    return encode((Out.POSITION_MULTI, 1, req_id, ACCOUNT, *contract, *amounts, model))


def position_multi_end(req_id: int) -> bytes:
    """All positions have been told."""
    return encode((Out.POSITION_MULTI_END, 1, req_id))


def execution(version: int, req_id: int, fill: Execution) -> bytes:
    """A fill, told when it happens (request -1) or when asked for."""
    order, listing = fill.order, fill.order.listing
    zone = listing.time_zone_id
    venue = listing.primary_exchange
    told = [fill.exec_id, f"{fill.time.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}", ACCOUNT, venue]
    side = "BOT" if order.terms.buys else "SLD"
    amounts: list[Value] = [side, plain(fill.shares), plain(fill.price), order.perm_id, order.client_id, 0]
    totals: list[Value] = [plain(order.filled), plain(order.average_price), order.terms.order_ref, "", 0, "", 2]
    last = [False] if version >= _PENDING_REVISION_FROM else []
    contract = contract_fields(listing, listing.exchange)
    return encode((Out.EXECUTION_DATA, req_id, order.order_id, *contract, *told, *amounts, *totals, *last))


def execution_end(req_id: int) -> bytes:
    """All executions asked for have been told."""
    return encode((Out.EXECUTION_DATA_END, 1, req_id))


def commission(fill: Execution) -> bytes:
    """What a fill cost, and what it realised."""
    realized = UNSET_DOUBLE if fill.realized is None else plain(fill.realized)
    currency = fill.order.listing.currency
    return encode((Out.COMMISSION_REPORT, 1, fill.exec_id, plain(fill.commission), currency, realized, "", ""))


def pnl(req_id: int, gains: Gains) -> bytes:
    """The account's gains: of the day, open and closed."""
    return encode((Out.PNL, req_id, *map(plain, (gains.daily, gains.unrealized, gains.realized))))


def pnl_single(req_id: int, gains: Gains) -> bytes:
    """A position's gains, and what it is worth."""
    amounts = (gains.shares, gains.daily, gains.unrealized, gains.realized, gains.value)
    return encode((Out.PNL_SINGLE, req_id, *map(plain, amounts)))


def plain(value: Decimal) -> str:
    """An exact number without exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
