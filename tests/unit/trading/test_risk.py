"""Every limit, alone and together, before an order and beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.exposure import DUPLICATES_KEPT, Funds, Holding, OpenOrder, RiskBook
from scizor.domain.trading.limits import Limit, LimitSet, Rule, Scope
from scizor.domain.trading.money import Rates
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.question import Prices, opened, pattern
from scizor.domain.trading.risk import breaches, check, shrinks
from scizor.domain.trading.rules import RULES, Violation
from scizor.domain.trading.valuation import Mark
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW, REQUEST, TERMS

D = Decimal
OTHER = "BHP.ASX.AUD"
PRICES = Prices(
    {INSTRUMENT: Mark(D(50), NOW - timedelta(seconds=3)), OTHER: Mark(D(40), NOW)}, Rates("USD", {"AUD": D("0.5")})
)
FUNDS = Funds(equity=D(9_000), available=D(6_000), day_start_equity=D(9_500), peak_equity=D(10_000))
BUY = replace(REQUEST, strategy_id="one")
SELL = replace(BUY, side=Side.SELL)


def book_of(shares: int = 0, other: int = 0) -> RiskBook:
    book = RiskBook(FUNDS)
    for owner in ("", "one"):
        book.set_position(owner, INSTRUMENT, D(shares))
        book.set_position(owner, OTHER, D(other))
    return book


def limit(rule: Rule, value: str = "0", scope: Scope = Scope.ACCOUNT, key: str = ACCOUNT) -> Limit:
    return Limit(rule.name, rule, scope, key, D(value))


def checked(order: OrderRequest, book: RiskBook, *limits: Limit, prices: Prices = PRICES) -> tuple[Violation, ...]:
    return check(order, book, LimitSet(limits), NOW, prices)


@pytest.mark.parametrize(
    ("rule", "value", "came_to"),
    [
        (Rule.ORDER_QUANTITY, "99", "100"),
        (Rule.ORDER_NOTIONAL, "4999", "5000"),
        (Rule.POSITION_QUANTITY, "149", "150"),
        (Rule.POSITION_NOTIONAL, "7499", "7500"),
        (Rule.GROSS_EXPOSURE, "8499", "8500"),  # 150 x 50, and 50 x 40 short at 0.5
        (Rule.NET_EXPOSURE, "6499", "6500"),
        (Rule.CONCENTRATION, "0.8", None),
        (Rule.LEVERAGE, "0.9", None),
        (Rule.BUYING_POWER, "1", "5000"),
        (Rule.DAILY_LOSS, "499", "500"),
        (Rule.DRAWDOWN, "0.09", "0.1"),
        (Rule.ORDER_RATE, "0", "1"),
        (Rule.OPEN_ORDERS, "0", "1"),
        (Rule.PRICE_COLLAR, "0", "0.02"),
        (Rule.PRICE_AGE, "2", "3"),
        (Rule.RESTRICTED, "0", None),
    ],
)
def test_a_limit_is_broken_by_a_little_and_told_with_the_value(rule: Rule, value: str, came_to: str | None) -> None:
    book = book_of(50, -50)
    book.funds = replace(FUNDS, available=D(4_999))
    order = BUY if rule is not Rule.PRICE_COLLAR else replace(BUY, terms=replace(TERMS, limit=D(51)))
    broken = checked(order, book, limit(rule, value))
    assert [one.limit.rule for one in broken] == [rule]
    assert came_to is None or broken[0].value == D(came_to)
    assert broken[0].message


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Rule.ORDER_QUANTITY, "100"),
        (Rule.ORDER_NOTIONAL, "5000"),
        (Rule.POSITION_QUANTITY, "150"),
        (Rule.POSITION_NOTIONAL, "7500"),
        (Rule.GROSS_EXPOSURE, "8500"),
        (Rule.NET_EXPOSURE, "6500"),
        (Rule.CONCENTRATION, "0.9"),
        (Rule.LEVERAGE, "1"),
        (Rule.BUYING_POWER, "1"),
        (Rule.DAILY_LOSS, "500"),
        (Rule.DRAWDOWN, "0.1"),
        (Rule.ORDER_RATE, "1"),
        (Rule.OPEN_ORDERS, "1"),
        (Rule.DUPLICATE, "60"),
        (Rule.PRICE_COLLAR, "0"),
        (Rule.PRICE_AGE, "3"),
        (Rule.MARKET_HOURS, "0"),
        (Rule.SHORT_SALE, "0"),
    ],
)
def test_a_limit_that_is_just_kept_says_nothing(rule: Rule, value: str) -> None:
    assert checked(BUY, book_of(50, -50), limit(rule, value)) == ()


def test_all_violations_are_told_not_the_first() -> None:
    broken = checked(
        BUY,
        book_of(),
        limit(Rule.ORDER_QUANTITY, "10"),
        limit(Rule.ORDER_NOTIONAL, "10", Scope.STRATEGY, "one"),
        limit(Rule.POSITION_QUANTITY, "10", Scope.SYMBOL, INSTRUMENT),
        limit(Rule.ORDER_QUANTITY, "10", Scope.STRATEGY, "two"),
        limit(Rule.ORDER_QUANTITY, "10", Scope.SYMBOL, OTHER),
    )
    assert {one.limit.rule for one in broken} == {Rule.ORDER_QUANTITY, Rule.ORDER_NOTIONAL, Rule.POSITION_QUANTITY}


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule in (*range(3, 10), 10, 11, 16, 17, 19)])
def test_an_order_that_only_reduces_is_never_kept_in(rule: Rule) -> None:
    book = book_of(400, 400)
    book.funds = replace(FUNDS, available=D(0))
    assert checked(SELL, book, limit(rule)) == ()
    assert shrinks(SELL, book, NOW, PRICES)


def test_what_other_orders_sell_is_not_sold_again() -> None:
    book = book_of(150)
    book.keep(OpenOrder("other", "one", INSTRUMENT, Side.SELL, D(60)))
    assert not shrinks(SELL, book, NOW, PRICES)
    broken = checked(SELL, book, limit(Rule.SHORT_SALE))
    assert [one.value for one in broken] == [10]
    book.drop("other")
    assert shrinks(SELL, book, NOW, PRICES)


def test_open_orders_reserve_what_they_may_cost() -> None:
    book = book_of()
    assert checked(BUY, book, limit(Rule.BUYING_POWER, "1")) == ()
    book.keep(OpenOrder("other", "two", OTHER, Side.BUY, D(100)))
    broken = checked(BUY, book, limit(Rule.BUYING_POWER, "1"))
    assert [one.value for one in broken] == [7000]
    assert checked(BUY, book, limit(Rule.BUYING_POWER, "0.5")) == ()


def test_new_terms_take_the_place_of_the_old_ones() -> None:
    book = book_of()
    book.keep(opened(BUY))
    assert checked(BUY, book, limit(Rule.POSITION_QUANTITY, "100")) == ()
    more = replace(BUY, terms=replace(TERMS, quantity=D(130)))
    assert (
        check(more, book, LimitSet([limit(Rule.POSITION_QUANTITY, "100")]), NOW, PRICES, filled=D(20))[0].value == 110
    )


def test_a_groups_orders_count_once_and_exits_with_their_entry() -> None:
    book = book_of()
    book.keep(OpenOrder("entry", "one", INSTRUMENT, Side.BUY, D(100)))
    for exit_id in ("profit", "loss"):
        book.keep(OpenOrder(exit_id, "one", INSTRUMENT, Side.SELL, D(100), group="g", parent_id="entry"))
    assert book.holding("", INSTRUMENT) == Holding(D(0), D(100), D(0))
    book.drop("entry")
    book.set_position("", INSTRUMENT, D(100))
    assert book.holding("", INSTRUMENT) == Holding(D(100), D(0), D(100))


def test_rates_and_duplicates_are_those_of_the_time_before() -> None:
    book, limits = book_of(), [limit(Rule.ORDER_RATE, "1"), limit(Rule.DUPLICATE, "30")]
    book.note_sent("one", pattern(BUY), NOW - timedelta(seconds=20))
    assert [one.value for one in checked(BUY, book, *limits)] == [D(2), D(20)]
    assert check(BUY, book, LimitSet(limits), NOW + timedelta(seconds=41), PRICES) == ()
    other = replace(BUY, terms=replace(TERMS, quantity=D(1)))
    assert [one.limit.rule for one in checked(other, book, *limits)] == [Rule.ORDER_RATE]


def test_what_cannot_be_priced_is_not_let_through() -> None:
    blind = Prices({}, Rates("USD"))
    market = replace(BUY, terms=replace(TERMS, type=OrderType.MARKET, limit=None))
    rules = [Rule.ORDER_NOTIONAL, Rule.POSITION_NOTIONAL, Rule.GROSS_EXPOSURE, Rule.NET_EXPOSURE, Rule.BUYING_POWER]
    for rule in (*rules, Rule.CONCENTRATION, Rule.LEVERAGE, Rule.PRICE_AGE):
        broken = checked(market, book_of(), limit(rule, "1"), prices=blind)
        assert [one.value for one in broken] == [None], rule
    unrated = replace(PRICES, rates=Rates("USD"))
    assert checked(BUY, book_of(0, 10), limit(Rule.GROSS_EXPOSURE, "1000000"), prices=unrated)


def test_a_closed_exchange_takes_only_what_waits_for_it() -> None:
    closed = replace(PRICES, closed=frozenset({INSTRUMENT}))
    rule = limit(Rule.MARKET_HOURS)
    assert checked(BUY, book_of(), rule, prices=closed)
    opening = replace(BUY, terms=replace(TERMS, tif=TimeInForce.OPG))
    assert checked(opening, book_of(), rule, prices=closed) == ()


def test_a_strategy_with_capital_of_its_own_is_held_to_that() -> None:
    book = book_of()
    book.strategy_funds["one"] = Funds(D(900), D(900), D(1000), D(1000))
    broken = checked(BUY, book, limit(Rule.DAILY_LOSS, "99", Scope.STRATEGY, "one"))
    assert [one.value for one in broken] == [100]


def test_without_equity_nothing_more_can_be_a_part_of_it() -> None:
    book = book_of()
    book.funds = replace(FUNDS, equity=D(-1))
    assert [one.value for one in checked(BUY, book, limit(Rule.LEVERAGE, "9"), limit(Rule.CONCENTRATION, "9"))] == [
        None,
        None,
    ]


def test_open_orders_are_counted_by_account_strategy_and_symbol() -> None:
    book = book_of()
    for number, (strategy, name) in enumerate([("one", INSTRUMENT), ("two", INSTRUMENT), ("one", OTHER)]):
        book.keep(OpenOrder(f"o{number}", strategy, name, Side.BUY, D(1)))
    scopes = [(Scope.ACCOUNT, ACCOUNT), (Scope.STRATEGY, "one"), (Scope.SYMBOL, INSTRUMENT)]
    broken = checked(BUY, book, *(limit(Rule.OPEN_ORDERS, "0", scope, key) for scope, key in scopes))
    assert {one.limit.scope: one.value for one in broken} == {
        Scope.ACCOUNT: D(4),
        Scope.STRATEGY: D(3),
        Scope.SYMBOL: D(3),
    }


def test_a_price_collar_needs_a_limit_and_a_price() -> None:
    market = replace(BUY, terms=replace(TERMS, type=OrderType.MARKET, limit=None))
    assert checked(market, book_of(), limit(Rule.PRICE_COLLAR, "0.01")) == ()
    for marks in ({}, {INSTRUMENT: Mark(D(0), NOW)}):
        blind = checked(BUY, book_of(), limit(Rule.PRICE_COLLAR, "0.01"), prices=Prices(marks, Rates("USD")))
        assert [one.value for one in blind] == [None]
    cheap = replace(BUY, terms=replace(TERMS, limit=D(1)))
    assert checked(cheap, book_of(), limit(Rule.PRICE_COLLAR, "0.01")) == ()


@pytest.mark.parametrize(
    ("side", "kind", "own", "stop", "came_to"),
    [
        (Side.BUY, OrderType.LIMIT, "60", None, "6000"),
        (Side.BUY, OrderType.LIMIT, "20", None, "2000"),  # it can pay no more
        (Side.BUY, OrderType.STOP_LIMIT, "45", "44", "4500"),
        (Side.BUY, OrderType.STOP, None, "60", "6000"),
        (Side.BUY, OrderType.STOP, None, "20", "5000"),
        (Side.BUY, OrderType.MARKET, None, None, "5000"),
        (Side.SELL, OrderType.LIMIT, "60", None, "6000"),
        (Side.SELL, OrderType.LIMIT, "20", None, "5000"),  # it may bring more
    ],
)
def test_an_order_counts_at_the_most_it_may_come_to(
    side: Side, kind: OrderType, own: str | None, stop: str | None, came_to: str
) -> None:
    terms = replace(TERMS, type=kind, limit=None if own is None else D(own), stop=None if stop is None else D(stop))
    order = replace(BUY, side=side, terms=terms)
    assert [one.value for one in checked(order, book_of(), limit(Rule.ORDER_NOTIONAL, "1"))] == [D(came_to)]


def test_without_a_price_only_what_a_buy_may_pay_is_known() -> None:
    blind = Prices({}, Rates("USD"))
    assert checked(BUY, book_of(), limit(Rule.ORDER_NOTIONAL, "5000"), prices=blind) == ()
    assert [one.value for one in checked(SELL, book_of(), limit(Rule.ORDER_NOTIONAL, "1000000"), prices=blind)] == [
        None
    ]
    rules = [Rule.POSITION_NOTIONAL, Rule.GROSS_EXPOSURE, Rule.NET_EXPOSURE, Rule.CONCENTRATION, Rule.LEVERAGE]
    for rule in rules:
        assert [one.value for one in checked(BUY, book_of(10), limit(rule, "1000000"), prices=blind)] == [None], rule
    unrated = Prices({}, Rates("AUD"))
    assert [one.value for one in checked(BUY, book_of(), limit(Rule.ORDER_NOTIONAL, "9e9"), prices=unrated)] == [None]


def test_new_terms_make_no_further_open_order_and_no_double() -> None:
    book = book_of()
    book.keep(opened(BUY))
    book.note_sent("one", pattern(BUY), NOW)
    limits = [limit(Rule.OPEN_ORDERS, "1"), limit(Rule.DUPLICATE, "30")]
    assert checked(BUY, book, *limits) == ()
    another = replace(BUY, id="another")
    assert [one.limit.rule for one in checked(another, book, *limits)] == [Rule.OPEN_ORDERS, Rule.DUPLICATE]


def test_what_was_sent_long_ago_is_forgotten() -> None:
    book = book_of()
    for minute in range(3):
        book.note_sent("one", pattern(BUY), NOW + timedelta(minutes=minute))
    assert book.sent_within_a_minute("one", NOW + timedelta(minutes=2)) == 1
    for number in range(DUPLICATES_KEPT):
        book.note_sent("", (number,), NOW + timedelta(minutes=2))
    assert book.last_alike(pattern(BUY)) is None


def test_breaches_are_found_without_an_order() -> None:
    limits = [limit(Rule.GROSS_EXPOSURE, "8000"), limit(Rule.DRAWDOWN, "0.05"), limit(Rule.ORDER_QUANTITY, "1")]
    limits += [limit(Rule.NET_EXPOSURE, "1"), limit(Rule.LEVERAGE, "0.5"), limit(Rule.DAILY_LOSS, "100")]
    limits.append(limit(Rule.POSITION_QUANTITY, "1", Scope.SYMBOL, INSTRUMENT))
    found = breaches(book_of(150, 50), limits, PRICES)
    assert [(one.limit.rule, one.value) for one in found[:2]] == [
        (Rule.GROSS_EXPOSURE, D(8500)),
        (Rule.DRAWDOWN, D("0.1")),
    ]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("rule", "value", "scope"),
    [
        (Rule.DRAWDOWN, "1.5", Scope.ACCOUNT),
        (Rule.ORDER_RATE, "-1", Scope.ACCOUNT),
        (Rule.BUYING_POWER, "1", Scope.STRATEGY),
        (Rule.LEVERAGE, "1", Scope.SYMBOL),
        (Rule.ORDER_RATE, "NaN", Scope.ACCOUNT),
    ],
)
def test_a_limit_that_means_nothing_is_refused(rule: Rule, value: str, scope: Scope) -> None:
    with pytest.raises(InvalidInput):
        limit(rule, value, scope)


def test_every_rule_is_checked() -> None:
    assert set(RULES) == set(Rule)
    assert not Rule.RESTRICTED.has_value
