"""The records of a simulation. Everything one event hands to the next is in them, so chunks make the same run.

`SIM` is what kernels are given: rules, sizes, and the addresses of all arrays (see `memory`). Money is in the account's
currency, prices in the symbols'. Order numbers count from 1; the record at 0 is that of closings no order asked for.
"""

from __future__ import annotations

import numpy as np

from scizor.engine.arrays import EVENT, FILL, ORDER, TRADE
from scizor.engine.costs.charges import COMMISSION
from scizor.engine.portfolio.memory import numbers, records

OPEN, WITHIN, CLOSE = 0, 1, 2
"""Phases of a bar."""

ACCOUNT = np.dtype(
    [
        *((name, "f8") for name in ("cash", "equity", "long_value", "short_value")),
        # The account's equity and the gross value of its positions at the last prices, from fill to fill under MARGIN.
        ("worth", "f8"),
        ("gross", "f8"),
        # Cost lines so far, as they change equity.
        *((name, "f8") for name in ("commission", "slippage", "fx")),
        *((name, "f8") for name in ("borrow", "debit_interest", "credit_interest", "dividends")),
        ("best", "f8"),
        ("worst", "f8"),
        # Shares traded in the calendar month, and in the one that was current before: sessions of two exchanges cross.
        *(("month_shares", "f8"), ("month", "i8"), ("other_shares", "f8"), ("other_month", "i8")),
        ("phase", "i8"),
        ("price", "f8"),  # at which an order acts
        ("n_unsized", "i8"),  # orders by weight of an auction that are still to be sized
        ("first_open", "i8"),  # the opens of this instant
        ("last_open", "i8"),
        # Entries of the logs, orders that live, symbols held, symbols that owe or are owed dividends.
        *(
            (name, "i8")
            for name in ("n_fills", "n_trades", "n_orders", "n_events", "n_active", "n_held", "n_due", "n_calls")
        ),
        # How far the lists of what is to come are worked off, and the opens.
        *((name, "i8") for name in ("next_open", "next_action", "next_delisting", "next_accrual", "next_decision")),
        ("next_expiry", "i8"),  # the earliest instant at which an order may expire
        ("on_trial", "i8"),  # whether a way within a bar is only being tried
        ("was_held", "i8"),  # whether any position was held since the row's open
        ("ruined_row", "i8"),
        *((name, "i8") for name in ("n_cut", "n_rejected", "n_zero_volume", "n_margin_calls")),
        ("n_ambiguous", "i8"),
        ("n_touch", "i8"),
    ]
)

# What every row reads of a symbol, and no more. `last_close` is 0 before its first bar; `first`, `last`: of its living
# orders.
HOLDING = np.dtype([("position", "f8"), ("last_close", "f8"), ("first", "i4"), ("last", "i4")])

# What fills read of a symbol. `bar_row`: the row of the bar it is in, with its `volume` and what is `left` of it.
BOOK = np.dtype(
    [
        ("lot_size", "f8"),
        ("tick_size", "f8"),
        ("currency", "i8"),  # column of the rates, -1 for the account's own
        ("schedule", "i8"),
        ("gone", "i8"),  # whether it was delisted
        ("call", "f8"),  # what a margin call wants closed at the next open, signed as the position was
        ("bar_row", "i8"),
        ("volume", "f8"),
        ("left", "f8"),
        ("asked", "f8"),  # the price of the auction it is in
        ("target", "f8"),  # the last weight decided
        ("due", "f8"),  # dividends, quote currency
        ("price", "f8"),  # the last it was at, kept where fills are held against a margin
        # The round trip so far: shares and values in quote currency, costs and proceeds in the account's.
        *((name, "f8") for name in ("entry_quantity", "entry_value", "entry_cost", "exit_value", "proceeds")),
        *((name, "f8") for name in ("commission", "fx_cost", "dividends")),
        *((name, "i8") for name in ("entry_row", "entry_order", "entry_phase")),
    ]
)

SPLIT, DIVIDEND, PAYMENT = 0, 1, 2
# What happens to a symbol at an open, sorted by it. `at`: the place of the open among all opens. `payment`: of a
# dividend, the entry that pays it.
ACTION = np.dtype([("at", "i8"), ("kind", "i8"), ("symbol", "i8"), ("row", "i8"), ("payment", "i8"), ("value", "f8")])
DELISTING = np.dtype([("row", "i8"), ("symbol", "i8"), ("value", "f8")])  # value: NaN for the last close
ACCRUAL = np.dtype([("at", "i8"), ("debit", "f8"), ("credit", "f8"), ("borrow", "f8")])
DECISION = np.dtype([("row", "i4"), ("symbol", "i4"), ("weight", "f8")])

_ADDRESSES = (
    *(
        "account",
        "kept_account",
        "kept_closes",
        "trial_account",
        "holdings",
        "trial_holding",
        "books",
        "trial_book",
        "schedules",
    ),
    *("orders", "trial_orders", "fills", "trades", "events", "queue"),
    *("actions", "delistings", "accruals", "decisions"),
    *("equity", "cash", "long_value", "short_value", "in_market"),
    *("open", "high", "low", "close", "volume", "sessions", "open_ns", "close_ns", "opens", "rates"),
)
_SIZES = (
    *("n_rows", "n_opens", "n_symbols", "n_rates", "n_actions", "n_delistings", "n_accruals", "n_decisions"),
    *("order_room", "fill_room", "trade_room", "event_room"),
)
_CHOICES = (
    *("account_type", "sized_at_fill", "timing", "path", "through", "close_at_end", "log_events"),
    # Whether each row's open follows the row before, and whether each row is a session of its own.
    *("in_order", "daily", "has_gaps"),
    *("slippage", "rounding", "has_tiers", "first_row"),
)
_RATES = (
    *("initial_margin", "maintenance_long", "maintenance_short"),
    *("participation", "fx_rate", "invested", "credit_from", "slippage_amount", "max_share"),
)
SIM = np.dtype(
    [
        *((name, "i8") for name in (*_SIZES, *_CHOICES)),
        *((name, "f8") for name in _RATES),
        *((name, "i8") for name in (f"at_{name}" for name in _ADDRESSES)),
    ]
)

account_at = records(ACCOUNT)
holding_at = records(HOLDING)
book_at = records(BOOK)
schedule_at = records(COMMISSION)
order_at = records(ORDER)
fill_at = records(FILL)
trade_at = records(TRADE)
event_at = records(EVENT)
action_at = records(ACTION)
delisting_at = records(DELISTING)
accrual_at = records(ACCRUAL)
decision_at = records(DECISION)
_, put_flag = numbers(np.dtype("u1"))
