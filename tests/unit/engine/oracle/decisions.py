"""What a strategy asks for: submission, reservations, orders by weight, cancelling."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from scizor.domain.backtests import Sizing
from scizor.domain.orders import AccountType, FillCause, FillTiming, OrderEnd, OrderState, OrderType, TimeInForce
from scizor.engine.costs import SlippageModel
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.costs import paid_price
from tests.unit.engine.oracle.money import ONE, ZERO, at_most, bps, exact, most_lots
from tests.unit.engine.oracle.orders import ONE_OPEN, Order
from tests.unit.engine.oracle.trading import closing_part, finish


def submit(account: Account, order: Order) -> Order:
    """Number the order and take it, or reject it."""
    order = replace(
        order,
        number=len(account.orders) + 1,
        placed_row=account.row,
        extreme=account.closes[order.symbol],
        here_and_now=_here_and_now(account, order),
    )
    account.orders.append(order)
    if order.state is OrderState.WORKING and order.weight is None:
        refused = _refusal(account, order)
        if refused is not OrderEnd.NONE:
            account.n_rejected += 1
            finish(account, order, OrderState.REJECTED, refused)
    return order


def submit_bracket(account: Account, entry: Order, take_profit: Decimal | None, stop_loss: Decimal | None) -> None:
    """A parent and up to two exits that are held until it has filled."""
    parent = submit(account, entry)
    held = Order(0, entry.symbol, -entry.side, entry.quantity, parent=parent.number, state=OrderState.HELD)
    if take_profit is not None:
        submit(account, replace(held, type=OrderType.LIMIT, limit=take_profit, cause=FillCause.TAKE_PROFIT))
    if stop_loss is not None:
        submit(account, replace(held, type=OrderType.STOP, trigger=stop_loss, cause=FillCause.STOP_LOSS))
    if parent.state.ended:
        for order in account.alive():
            if order.parent == parent.number:
                finish(account, order, OrderState.CANCELLED, OrderEnd.PARENT)


def _here_and_now(account: Account, order: Order) -> bool:
    """Whether it takes part in the very close it is decided at; a time in force that names an event goes before."""
    same_close = account.settings.fill_timing is FillTiming.SAME_CLOSE and order.type is OrderType.MARKET
    named = order.tif in (*ONE_OPEN, TimeInForce.CLS)
    return same_close and not named and order.symbol in account.world.bars[account.row]


def _refusal(account: Account, order: Order) -> OrderEnd:
    if account.world.is_delisted(order.symbol, account.row):
        return OrderEnd.DELISTED
    adds = order.rest - closing_part(account, order)
    kind = account.settings.account
    if kind is AccountType.CASH and order.side < 0 and adds > 0:
        return OrderEnd.NOT_SHORTABLE
    if adds <= 0 or (kind is not AccountType.MARGIN and order.side < 0):
        return OrderEnd.NONE
    short_too = kind is AccountType.MARGIN
    others = [one for one in account.working() if one is not order and one.weight is None]
    reserved = sum((reservation(account, one) for one in others if short_too or one.side > 0), ZERO)
    wanted = reservation(account, order)
    if kind is AccountType.MARGIN:
        used = exact(account.settings.margin.initial) * (account.gross(account.closes) + reserved + wanted)
        enough = at_most(used, account.equity(account.closes))
    else:
        enough = at_most(wanted, account.cash - reserved)
    return OrderEnd.NONE if enough else OrderEnd.INSUFFICIENT_FUNDS


def reservation(account: Account, order: Order) -> Decimal:
    """The value of the part that adds to a position, with slippage in bps and commission, account currency."""
    adds = order.rest - closing_part(account, order)
    price = next((one for one in (order.limit, order.stop, account.closes[order.symbol]) if one is not None), None)
    if adds <= 0 or price is None:
        return ZERO
    if account.settings.slippage.model is SlippageModel.BPS:
        price *= 1 + order.side * bps(account.settings.slippage.amount)
    commission = account.further_commission(order, adds, price)[1]
    return (adds * price + commission) * account.rate(order.symbol)


def decide(account: Account, symbol: int, weight: Decimal) -> None:
    """An order by weight; it replaces the one that still waits."""
    for order in account.alive(symbol):
        if order.weight is not None:
            finish(account, order, OrderState.CANCELLED, OrderEnd.REPLACED)
    order = Order(0, symbol, 1 if weight >= 0 else -1, ZERO, weight=weight, cause=FillCause.WEIGHT, sized=False)
    order = submit(account, order)
    if account.settings.sizing is Sizing.AT_DECISION:
        price = account.closes[symbol]
        assert price is not None
        order.wanted = whole_lots_of(account, symbol, weight, account.equity(account.closes), price)


def aim(account: Account, order: Order, wanted: Decimal) -> None:
    """An order by weight that trades is for what is missing between the position and what is wanted."""
    missing = wanted - account.held[order.symbol]
    order.sized = True
    order.side = 1 if missing > 0 else -1 if missing < 0 else order.side
    order.quantity = order.filled + abs(missing)
    if missing == 0 and order.filled > 0:
        finish(account, order, OrderState.FILLED, OrderEnd.NONE)
    elif missing == 0:
        finish(account, order, OrderState.CANCELLED, OrderEnd.NOTHING_TO_DO)


def whole_lots_of(account: Account, symbol: int, weight: Decimal, equity: Decimal, price: Decimal) -> Decimal:
    """The most whole lots whose value, slippage and commission fit in the weight's part of equity; signed."""
    side = 1 if weight > 0 else -1
    money = abs(weight) * equity * (ONE - exact(account.settings.cash_buffer))
    probe = Order(0, symbol, side, ZERO)
    bar = account.world.bars[account.row].get(symbol)
    volume = bar.volume if bar else ZERO

    def fits(quantity: Decimal) -> bool:
        paid = paid_price(account.settings, side, price, quantity, volume, None, account.world.ticks[symbol])
        commission = account.further_commission(probe, quantity, paid)[1]
        slippage = quantity * side * (paid - price)
        return at_most((quantity * price + slippage + commission) * account.rate(symbol), money)

    return side * most_lots(account.world.lots[symbol], fits)


def cancel(account: Account, number: int) -> None:
    """What the strategy asks for."""
    if 1 <= number <= len(account.orders):
        finish(account, account.orders[number - 1], OrderState.CANCELLED, OrderEnd.ASKED)
