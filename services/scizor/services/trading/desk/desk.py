"""The desk of one account: commands come in, are checked, journalled and sent; what the broker tells is followed.

All of it happens in one event loop, and nothing between a check and the change of the books waits: so no two orders are
ever checked against the same room. What is answered is stored; what is sent was stored before.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from scizor.domain.errors import Conflict, FailedPrecondition, InvalidInput, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.commands import check_cancel, check_replace
from scizor.domain.trading.orders import Terms, check_increments
from scizor.domain.trading.question import pattern
from scizor.domain.trading.states import Order
from scizor.ports.journal import AuditLine, Entry, Posting
from scizor.ports.storage import Storage
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.closing import check_left, draft_of, instruments, name_of
from scizor.services.trading.desk.drafts import Actor, Answering, Checked, Draft
from scizor.services.trading.desk.earlier import Earlier, taken
from scizor.services.trading.desk.families import family_of
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.desk.lines import answers as answers_of
from scizor.services.trading.desk.lines import audit_line
from scizor.services.trading.desk.listings import Listings
from scizor.services.trading.desk.needs import Guard, Prices
from scizor.services.trading.desk.reconciling import Reconciled
from scizor.services.trading.desk.seat import Seat
from scizor.services.trading.desk.watching import Watching
from scizor.services.trading.desk.writer import settled

_PRICE_DEADLINE_S = 0.5


class Desk:
    """Commands of clients and of strategies at work on one account."""

    def __init__(
        self,
        seat: Seat,
        guard: Guard,
        prices: Prices,
        listings: Listings,
        storage: Storage,
        watching: Watching,
        new_id: Callable[[], str],
    ) -> None:
        self._seat, self._guard, self._prices, self._listings = seat, guard, prices, listings
        self._earlier, self._watching, self._new_id = Earlier(seat, storage), watching, new_id

    @property
    def account(self) -> str:
        """Whose it is."""
        return self._seat.account

    @property
    def paper(self) -> bool:
        """Whether no real money moves, by how Interactive Brokers names accounts."""
        return self.account.startswith("D")

    @property
    def books(self) -> AccountBooks:
        """As they are. Raises Unavailable while they are being read."""
        return self._seat.tenure.books

    @property
    def gate(self) -> GateState:
        """Whether orders may be sent."""
        return self._seat.gate

    @property
    def reconciled(self) -> Reconciled | None:
        """The last comparison with the broker's books."""
        return self._seat.reconciled

    async def place(
        self,
        draft: Draft,
        actor: Actor,
        answering: Answering | None = None,
        *,
        flattens: bool = False,
        closes: bool = False,
    ) -> tuple[Order, ...]:
        """The order as it was journalled, entry first; it leaves at once. The same draft again answers with its orders.

        `closes`: it must take away from what is held, and no more than that.

        Raises FailedPrecondition(RISK_REFUSED, TRADING_RESTRICTED), Unavailable, AlreadyExists(ORDER_EXISTS),
        InvalidInput, NotFound.
        """
        self._seat.open()
        listing = await self._listings.find(draft.symbol)
        family = family_of(draft, self.account, listing, self._new_id)
        known = await self._earlier.known(draft.client_order_id)
        if known is not None:
            return await self._earlier.again(known, family)
        for one in family[1:]:
            if one.client_order_id and (other := await self._earlier.known(one.client_order_id)):
                raise taken(other)
        self._prices.want([listing.reference])
        await self._prices.priced(listing.reference, _PRICE_DEADLINE_S)
        # From here to the journal nothing waits.
        tenure, sending = self._seat.open()
        books = tenure.books
        if (earlier := books.by_client_id(draft.client_order_id)) is not None:
            return await self._earlier.again(earlier, family)
        if closes:
            check_left(books, family[0])
        try:
            self._guard.check(family[0], flattens=flattens)
        except FailedPrecondition as error:
            await self._guard.refused(family[0], error)
            raise
        now = tenure.now()
        said = [books.say(one.id, e.Placed(one), e.Source.CLIENT, now, books.take_number()) for one in family]
        books.risk.note_sent(draft.strategy_id, pattern(family[0]), now)
        orders = tuple(one.entry.order for one in said)
        stored = tenure.store(
            said,
            answers=answers_of(answering, orders),
            audit=[audit_line(actor, "place", orders[0], None)],
            then=lambda: sending.place(family),
        )
        await settled(stored)
        return orders

    async def replace(
        self, order_id: str, terms: Terms, etag: str, actor: Actor, answering: Answering | None = None
    ) -> Order:
        """Ask the broker for other terms. Raises Conflict(ETAG_STALE), and as `place` and `check_replace` do."""
        self._seat.open()
        order = await self._earlier.order(order_id)
        _check_etag(order, etag)
        check_replace(order, terms)
        listing = await self._listings.find(order.request.instrument)
        _increments(terms, listing.tick, listing.lot)
        tenure, sending = self._seat.open()
        order = tenure.books.order(order_id)
        _check_etag(order, etag)
        check_replace(order, terms)
        wanted = replace(order.request, terms=terms)
        try:
            self._guard.check(wanted, filled=order.filled)
        except FailedPrecondition as error:
            await self._guard.refused(wanted, error)
            raise
        said = tenure.books.say(order_id, e.ReplaceRequested(terms), e.Source.CLIENT, tenure.now())
        after = said.entry.order
        then = None if after.queued is not None else lambda: sending.replace(order_id)
        audit = [audit_line(actor, "replace", after, order)]
        await settled(tenure.store([said], answers=answers_of(answering, [after]), audit=audit, then=then))
        return after

    async def cancel(self, order_id: str, actor: Actor, answering: Answering | None = None) -> Order:
        """Ask the broker for its end. Raises as `check_cancel` does, and Unavailable."""
        self._seat.open()
        check_cancel(await self._earlier.order(order_id))
        tenure, sending = self._seat.open()
        order = tenure.books.order(order_id)
        check_cancel(order)
        said = tenure.books.say(order_id, e.CancelRequested(), e.Source.CLIENT, tenure.now())
        after = said.entry.order
        audit = [audit_line(actor, "cancel", after, order)]
        answers = answers_of(answering, [after])
        await settled(tenure.store([said], answers=answers, audit=audit, then=lambda: sending.cancel(order_id)))
        return after

    async def cancel_all(
        self, strategy_id: str, symbol: str, actor: Actor, answering: Answering | None = None
    ) -> tuple[Order, ...]:
        """Ask for the end of all open orders, or of a strategy's or an instrument's; others' are left alone."""
        self._seat.open()
        instrument = (await self._listings.find(symbol)).reference if symbol else ""
        tenure, sending = self._seat.open()
        chosen = [
            order
            for order in tenure.books.open_orders()
            if not order.external
            and strategy_id in ("", order.request.strategy_id)
            and instrument in ("", order.request.instrument)
        ]
        said = [tenure.books.say(one.id, e.CancelRequested(), e.Source.CLIENT, tenure.now()) for one in chosen]
        after = tuple(one.entry.order for one in said)

        def leave() -> None:
            for one in after:
                sending.cancel(one.id)

        audit = [audit_line(actor, "cancel", now, was) for was, now in zip(chosen, after, strict=True)]
        await settled(tenure.store(said, answers=answers_of(answering, after), audit=audit, then=leave))
        return after

    async def close(
        self, symbol: str, strategy_id: str, quantity: Decimal | None, actor: Actor, answering: Answering | None = None
    ) -> Order:
        """Close what is held of an instrument, or a part, with a market order.

        What other such orders close already is left to them. Raises NotFound(POSITION_NOT_FOUND), and as `place` does.
        """
        self._seat.open()
        listing = await self._listings.find(symbol)
        name = name_of(answering, listing.reference, self._new_id)
        known = await self._earlier.known(name)
        if known is not None:
            await self._earlier.stored()
            return known
        draft = draft_of(self.books, name, listing.reference, strategy_id, quantity)
        return (await self.place(draft, actor, answering, closes=True))[0]

    async def close_all(self, strategy_id: str, actor: Actor, answering: Answering | None = None) -> tuple[Order, ...]:
        """Cancel what is open, then close all that is held, each with a market order."""
        await self.cancel_all(strategy_id, "", actor)
        orders: list[Order] = []
        for instrument in instruments(self.books, strategy_id):
            name = name_of(answering, instrument, self._new_id)
            draft = draft_of(self.books, name, instrument, strategy_id, None)
            orders += await self.place(draft, actor, closes=True)
        if answering:
            tenure, _ = self._seat.open()
            await settled(tenure.store([], answers=answers_of(answering, orders)))
        return tuple(orders)

    async def check(self, draft: Draft) -> Checked:
        """All checks of an order, and nothing sent."""
        listing = await self._listings.find(draft.symbol)
        request = family_of(draft, self.account, listing, self._new_id)[0]
        self._prices.want([listing.reference])
        await self._prices.priced(listing.reference, _PRICE_DEADLINE_S)
        return self._guard.preview(request)

    def watch(self, after_sequence: int) -> AsyncGenerator[Entry | None]:
        """Journal entries above the sequence, as they are stored; None when nothing came for a while."""
        return self._watching.follow(after_sequence)

    async def reconcile(self, actor: Actor) -> Reconciled:
        """Compare with the broker's books now. Raises Unavailable."""
        return await self._seat.reconcile(actor.name)

    async def post(self, postings: Sequence[Posting], note: str) -> None:
        """Something other than a trade changed what is held."""
        tenure = self._seat.tenure
        for posting in postings:
            tenure.books.post(posting)
        line = AuditLine(tenure.now(), self.account, "system", "corporate actions", "post", note)
        await settled(tenure.store([], postings=postings, audit=[line]))


def _check_etag(order: Order, etag: str) -> None:
    if etag and etag != f"v{order.sequence}":
        raise Conflict(f"order {order.id} has changed since", Reason.ETAG_STALE, metadata={"order": order.id})


def _increments(terms: Terms, tick: Decimal, lot: Decimal) -> None:
    try:
        check_increments(terms, tick, lot)
    except InvalidInput as error:
        raise error.within("terms") from None
