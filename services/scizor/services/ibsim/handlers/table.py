"""Which handler serves which message. What is not here is answered with an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from scizor.services.ibsim.handlers import account, gains, history, orders, quotes, reference
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.ids import In

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

Handler = Callable[["Session", Fields], Awaitable[None]]

HANDLERS: Mapping[int, Handler] = {
    In.REQ_MKT_DATA: quotes.request_market_data,
    In.CANCEL_MKT_DATA: quotes.cancel_market_data,
    In.REQ_MARKET_DATA_TYPE: quotes.choose_data_type,
    In.REQ_TICK_BY_TICK_DATA: quotes.request_tick_by_tick,
    In.CANCEL_TICK_BY_TICK_DATA: quotes.cancel_tick_by_tick,
    In.REQ_REAL_TIME_BARS: history.request_real_time_bars,
    In.CANCEL_REAL_TIME_BARS: history.cancel_real_time_bars,
    In.REQ_HISTORICAL_DATA: history.request_history,
    In.CANCEL_HISTORICAL_DATA: history.cancel_history,
    In.REQ_HEAD_TIMESTAMP: history.request_head_timestamp,
    In.CANCEL_HEAD_TIMESTAMP: history.cancel_head_timestamp,
    In.REQ_CONTRACT_DATA: reference.request_contract_details,
    In.REQ_MATCHING_SYMBOLS: reference.request_matching_symbols,
    In.REQ_MARKET_RULE: reference.request_market_rule,
    In.REQ_CURRENT_TIME: reference.request_current_time,
    In.REQ_MANAGED_ACCTS: reference.request_managed_accounts,
    In.REQ_IDS: reference.request_ids,
    In.SET_SERVER_LOGLEVEL: reference.ignore,
    In.REQ_NEWS_BULLETINS: reference.ignore,
    In.CANCEL_NEWS_BULLETINS: reference.ignore,
    In.REQ_AUTO_OPEN_ORDERS: reference.ignore,
    In.PLACE_ORDER: orders.place_order,
    In.CANCEL_ORDER: orders.cancel_order,
    In.REQ_GLOBAL_CANCEL: orders.cancel_all,
    In.REQ_OPEN_ORDERS: orders.request_open_orders,
    In.REQ_ALL_OPEN_ORDERS: orders.request_all_open_orders,
    In.REQ_COMPLETED_ORDERS: orders.request_completed_orders,
    In.REQ_EXECUTIONS: orders.request_executions,
    In.REQ_ACCT_DATA: account.request_account,
    In.REQ_POSITIONS: account.request_positions,
    In.CANCEL_POSITIONS: account.cancel_positions,
    In.REQ_ACCOUNT_SUMMARY: account.request_summary,
    In.CANCEL_ACCOUNT_SUMMARY: account.cancel_summary,
    In.REQ_POSITIONS_MULTI: account.request_positions_multi,
    In.CANCEL_POSITIONS_MULTI: reference.ignore,
    In.REQ_ACCOUNT_UPDATES_MULTI: account.request_account_multi,
    In.CANCEL_ACCOUNT_UPDATES_MULTI: account.cancel_account_multi,
    In.REQ_PNL: gains.request_gains,
    In.CANCEL_PNL: gains.cancel_gains,
    In.REQ_PNL_SINGLE: gains.request_position_gains,
    In.CANCEL_PNL_SINGLE: gains.cancel_gains,
}
