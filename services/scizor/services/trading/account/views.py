"""What is held at live prices, as callers are shown it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from scizor.domain.errors import FailedPrecondition, LimitExceeded, Reason
from scizor.domain.trading.positions import Position
from scizor.domain.trading.question import summed
from scizor.domain.trading.valuation import totals, value_all, worth
from scizor.domain.trading.views import AccountView, PositionNews, PositionView
from scizor.ports.order_broker import BrokerAccount, OrderBroker
from scizor.services.trading.account.appraisal import Appraiser
from scizor.services.trading.account.market import Market
from scizor.services.trading.account.reader import PositionReader
from scizor.services.trading.desk.books import AccountBooks

MOST_READERS: Final = 200

Held = Mapping[tuple[str, str], Position]
"""By strategy, "" for all netted, and instrument."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """An account: its books as they are (`books` raises Unavailable while there are none), its prices, its equity."""

    account: str
    paper: bool
    books: Callable[[], AccountBooks]
    market: Market
    appraiser: Appraiser


class Values:
    """Accounts, positions and their profit. `ledger`: of an account that exists."""

    def __init__(
        self, ledger: Callable[[str], Ledger], broker: OrderBroker, *, heartbeat_s: float = 5.0, pace_s: float = 0.1
    ) -> None:
        self._ledger, self._broker = ledger, broker
        self._heartbeat_s, self._pace_s = heartbeat_s, pace_s
        self._readers: dict[PositionReader, str] = {}

    def positions(
        self,
        account: str,
        strategy_id: str = "",
        instrument: str = "",
        *,
        by_strategy: bool = False,
        show_closed: bool = False,
    ) -> list[PositionView]:
        """By instrument, then strategy. With a `strategy_id` its own; else netted, or split `by_strategy`.

        Raises Unavailable while the account's books are being read.
        """
        ledger = self._ledger(account)
        held = _held(ledger.books(), strategy_id, instrument, by_strategy=by_strategy)
        return [
            _view(ledger, key, held[key])
            for key in sorted(held, key=lambda key: (key[1], key[0]))
            if show_closed or held[key].lots
        ]

    async def watch_positions(
        self, account: str, strategy_id: str = "", instrument: str = ""
    ) -> AsyncIterator[PositionNews | None]:
        """All as they stand, then those that change in shares or value; None where a heartbeat is due.

        A reader too slow is shown the newest of each. Ends when the service stops. Raises LimitExceeded(QUEUE_FULL)
        where there are too many readers.
        """
        if len(self._readers) >= MOST_READERS:
            raise LimitExceeded(f"{MOST_READERS} readers watch positions already", Reason.QUEUE_FULL)
        ledger = self._ledger(account)

        def keys() -> Held:
            return _held(ledger.books(), strategy_id, instrument, by_strategy=False)

        def position_of(key: tuple[str, str]) -> Position:
            holdings = ledger.books().holdings
            held = holdings.by_strategy.get(key) if key[0] else holdings.positions.get(key[1])
            return held or Position(key[1])

        reader = PositionReader(keys, position_of, ledger.market, self._heartbeat_s, self._pace_s)
        self._readers[reader] = account
        stop_listening = ledger.market.listen(reader.moved)
        try:
            async for change in reader:
                if change is None:
                    yield None
                else:
                    key, position, overtaken = change
                    yield PositionNews(_view(ledger, key, position), overtaken)
        finally:
            stop_listening()
            del self._readers[reader]

    def moved(self, account: str, instruments: Iterable[str]) -> None:
        """Their positions changed; readers are told."""
        changed = tuple(instruments)
        for reader, watched in self._readers.items():
            if watched == account:
                for instrument in changed:
                    reader.moved(instrument)

    def close(self) -> None:
        """End all that watch."""
        for reader in tuple(self._readers):
            reader.close()

    async def account(self, account: str) -> AccountView:
        """As the broker and this system have it.

        Raises Unavailable(BROKER_UNAVAILABLE) while the broker has never told of it, and
        FailedPrecondition(EXCHANGE_RATE_UNKNOWN).
        """
        ledger = self._ledger(account)
        figures, market, books = await self._figures(ledger), ledger.market, ledger.books()
        ledger.appraiser.refresh()
        sums = totals(value_all(books.holdings.positions.values(), market.prices().marks, market.rates))
        track = ledger.appraiser.track()
        known = track is not None and track.last is not None
        return AccountView(
            account,
            ledger.paper,
            figures.base_currency,
            market.now(),
            equity=books.risk.funds.equity if known else figures.equity,
            cash=dict(figures.cash)
            if books.empty
            else {name: cash for name, cash in books.holdings.cash.items() if cash},
            available_funds=figures.available_funds,
            reserved_funds=_reserved(books, market),
            buying_power=figures.buying_power,
            maintenance_margin=figures.maintenance_margin,
            day_pnl=-books.risk.funds.day_loss if known else None,
            realised=sums.realised + sums.dividends - sums.fees,
            unrealised=sums.unrealised,
            day_start_equity=books.risk.funds.day_start_equity if known else None,
            peak_equity=books.risk.funds.peak_equity if known else None,
            unpriced=tuple(sorted(sums.unpriced)),
        )

    async def _figures(self, ledger: Ledger) -> BrokerAccount:
        """What the broker told last; asked where it has told nothing."""
        figures = ledger.market.figures
        if figures is None:
            figures = await self._broker.account(ledger.account)
            ledger.market.told(figures)
        return figures


def _held(books: AccountBooks, strategy_id: str, instrument: str, *, by_strategy: bool) -> Held:
    holdings = books.holdings
    if strategy_id or by_strategy:
        held: Held = holdings.by_strategy
    else:
        held = {("", name): position for name, position in holdings.positions.items()}
    return {
        key: position for key, position in held.items() if strategy_id in ("", key[0]) and instrument in ("", key[1])
    }


def _view(ledger: Ledger, key: tuple[str, str], position: Position) -> PositionView:
    market, (strategy_id, instrument) = ledger.market, key
    mark, rates = market.mark(instrument), market.rates
    try:
        net = worth(position, mark, rates).net
    except FailedPrecondition:  # a rate of exchange is not known
        net = None
    return PositionView(ledger.account, position, rates.base, market.now(), strategy_id, mark, net)


def _reserved(books: AccountBooks, market: Market) -> Decimal | None:
    """What open orders may yet take, were all they open paid in full; None where a price lacks."""
    sums = summed(books.risk.holdings(""), market.prices())
    return None if sums is None else sums.opening
