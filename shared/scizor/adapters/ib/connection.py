"""The one owner of the connection to the gateway: it connects, watches, hangs up on what is dead, and connects again.

DOWN -> CONNECTING -> SYNCING -> READY, and from there DEGRADED while the gateway's own link or one of its data services
is broken, DRAINING in the window of its daily restart. A new epoch begins with every session and after every loss of
data upstream: whatever was subscribed is subscribed anew.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from scizor.adapters.ib.errors import ConnectionNotice, Notice, disconnected
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.orders.decode import OrderDesk
from scizor.adapters.ib.session import Session
from scizor.adapters.ib.settings import IbSettings
from scizor.domain.broker import ConnectionState, ConnectionStatus, SourceFailure
from scizor.ports.clock import Clock

_log = structlog.get_logger(__name__)

_WINDOW_CHECK_S = 5.0
_LINK_LOST = "the gateway has lost its link to Interactive Brokers"


class SessionListener(Protocol):
    """Who holds subscriptions."""

    def session_opened(self, session: Session) -> None:
        """Subscribe everything anew; the session may be the one there was."""
        ...

    def session_interrupted(self, reason: str) -> None:
        """Nothing comes until the next opening."""
        ...


class IbConnection:
    """Runs as one task; `run` ends only when cancelled. `orders`: who hears of orders, set before, if any are sent."""

    def __init__(self, settings: IbSettings, clock: Clock, lane: HistoryLane) -> None:
        self._settings, self._clock, self._lane = settings, clock, lane
        self.orders: OrderDesk | None = None
        # Jitter keeps programs that lost one gateway from coming back in step; nothing secret is made of it.
        self._random = random.Random()  # noqa: S311
        self._port = settings.port
        self._status = ConnectionStatus(ConnectionState.DOWN, self._address, clock.now(), message="not started")
        self._changed = asyncio.Event()
        self._session: Session | None = None
        self._link_lost = ""
        self._broken_farms: set[str] = set()
        self._listeners: list[SessionListener] = []
        self._stopping = False
        self.epoch = 0

    @property
    def status(self) -> ConnectionStatus:
        """As it stands."""
        return self._status

    async def watch(self) -> AsyncIterator[ConnectionStatus]:
        """The status now and at every change, newest only."""
        while True:
            changed, seen = self._changed, self._status
            yield seen
            if self._status is seen:
                await changed.wait()

    def listen(self, listener: SessionListener) -> None:
        """Tell it of every session from now on."""
        self._listeners.append(listener)

    @property
    def usable(self) -> Session | None:
        """The session, if requests may be sent on it now."""
        return None if self._status.state is ConnectionState.DRAINING else self.linked

    @property
    def linked(self) -> Session | None:
        """The session, if what is sent on it gets through: also while the connection drains."""
        return None if self._link_lost else self._session

    async def wait_ready(self, deadline_s: float) -> Session:
        """The session, as soon as requests may be sent. Raises SourceFailure(DISCONNECTED) at the deadline."""
        try:
            async with asyncio.timeout(deadline_s):
                while (session := self.usable) is None:
                    await self._changed.wait()
                return session
        except TimeoutError:
            raise disconnected(f"the broker is not connected: {self._status.message}") from None

    async def run(self) -> None:
        """Keep a session until cancelled."""
        loop, settings, failures = asyncio.get_running_loop(), self._settings, 0
        self._stopping = False
        try:
            while True:
                begun_s = loop.time()
                reason = await self._one_session()
                failures = 0 if loop.time() - begun_s >= settings.steady_s else failures + 1
                self._set(ConnectionState.DOWN, reason)
                longest_s = min(settings.backoff_most_s, settings.backoff_s * 2.0 ** min(failures, 30))
                await asyncio.sleep(self._random.uniform(0.0, longest_s))
        finally:
            self._set(ConnectionState.DOWN, "stopped")

    def drain(self) -> None:
        """No new requests: the program is about to stop."""
        self._stopping = True
        self._set(ConnectionState.DRAINING, "stopping")

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._port}"

    async def _one_session(self) -> str:
        self._set(ConnectionState.CONNECTING, self._status.message)
        session = Session(self._settings, self._port, self._clock, self._noticed, self.orders)
        reason = "stopped"
        try:
            await session.open()
            self._set(ConnectionState.SYNCING, "")
            await session.probe(self._settings.connect_s)
            self._open(session)
            reason = await self._supervise(session)
        except SourceFailure as error:
            reason = error.message
            self._port = self._settings.port  # whatever another one the gateway had named is not it
        except Exception as error:  # noqa: BLE001 - a defect here may cost a session, never all of them
            _log.exception("broker_session_failed")
            reason = f"internal error: {type(error).__name__}"
        finally:
            self._close(session, reason)
            await session.close(reason)
        return reason

    async def _supervise(self, session: Session) -> str:
        """Until the session is lost; returns why. Raises SourceFailure when it is silent."""
        loop, settings = asyncio.get_running_loop(), self._settings
        while True:
            wait_s = max(0.0, session.heard_s + settings.silence_s - loop.time())
            if settings.restart_window:
                wait_s = min(wait_s, _WINDOW_CHECK_S)
            await asyncio.wait({session.lost}, timeout=wait_s)
            if session.lost.done():
                return session.lost.result()
            self._refresh()
            if loop.time() - session.heard_s >= settings.silence_s:
                await session.probe(settings.probe_s)

    def _open(self, session: Session) -> None:
        self._session = session
        self.epoch += 1
        self._refresh()
        if not self._link_lost:
            self._tell_opened()

    def _close(self, session: Session, reason: str) -> None:
        self._link_lost, self._broken_farms = "", set()
        if self._session is session:
            self._session = None
            self._tell_interrupted(reason)

    def _tell_opened(self) -> None:
        if self._session:
            for listener in self._listeners:
                listener.session_opened(self._session)

    def _tell_interrupted(self, reason: str) -> None:
        for listener in self._listeners:
            listener.session_interrupted(reason)

    def _noticed(self, about: ConnectionNotice) -> None:
        match about.notice:
            case Notice.LINK_LOST if not self._link_lost:
                self._interrupt(f"{_LINK_LOST} ({about.code})")
            case Notice.LINK_BACK | Notice.LINK_BACK_DATA_LOST:
                self._link_back(data_lost=about.notice is Notice.LINK_BACK_DATA_LOST)
            case Notice.PORT_CHANGED:
                self._port = about.port or self._settings.port
            case Notice.FARM_BROKEN:
                self._broken_farms.add(about.farm)
            case Notice.FARM_WELL if about.farm in self._broken_farms:
                self._broken_farms.discard(about.farm)
                self._farm_back(about.farm)
            case Notice.TOO_FAST if self._session:
                self._session.client.throttle.slow_down()
                self._lane.slow_down()
        self._refresh()

    def _interrupt(self, reason: str) -> None:
        self._link_lost = reason
        if self._session:
            # Nobody answers what was asked before, not even after the link is back; and an order that was changed or
            # cancelled without the link may live on twice.
            self._session.client.throttle.forget_orders()
            self._session.fail_replies(reason)
            self._tell_interrupted(reason)

    def _farm_back(self, farm: str) -> None:
        """What a broken data service served may have died without a word, and nobody says what that was.

        Orders do not go by way of data services: where they do, nothing was interrupted, and nothing has to be asked.
        """
        if self._session and not self._link_lost and self.orders is None:
            self._tell_interrupted(f"the data service {farm} was broken")
            self._tell_opened()

    def _link_back(self, *, data_lost: bool) -> None:
        """What was subscribed may live on or not: it is ended and asked for anew in either case."""
        self._link_lost = ""
        self.epoch += data_lost
        self._tell_opened()

    def _refresh(self) -> None:
        """The state that follows from what is known of an open session."""
        window = self._settings.restart_window
        if self._session is None or self._stopping:
            return
        if window and window.holds(self._clock.now()):
            self._set(ConnectionState.DRAINING, "the gateway's restart window")
        elif self._link_lost:
            self._set(ConnectionState.DEGRADED, self._link_lost)
        elif self._broken_farms:
            self._set(ConnectionState.DEGRADED, f"data services broken: {', '.join(sorted(self._broken_farms))}")
        else:
            self._set(ConnectionState.READY, "")

    def _set(self, state: ConnectionState, message: str) -> None:
        session = self._session
        status = ConnectionStatus(
            state,
            self._address,
            self._clock.now(),
            server_version=session.server_version if session else 0,
            simulated=session.simulated if session else False,
            message=message,
            clock_skew=session.clock_skew if session else timedelta(),
        )
        if replace(status, since=self._status.since) != self._status:
            if (state, message) != (self._status.state, self._status.message):
                _log.info("broker_connection", state=state.name, address=self._address, message=message)
            self._status = status
            self._changed.set()
            self._changed = asyncio.Event()
