"""Putting strategies to work, and taking them off it: what people ask for. The roster does what follows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scizor.codec.plain import to_plain
from scizor.domain.errors import Conflict, FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange
from scizor.domain.trading.deployments import (
    Deployment,
    DeploymentSpec,
    DeploymentState,
    Step,
    StopMode,
    stepped,
)
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.clock import Clock
from scizor.ports.journal import AuditLine
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import StoredDeployment
from scizor.services.code.pinned import pinned
from scizor.services.history.load import no_bars
from scizor.services.trading.desk.drafts import Actor

_FIELD = "deployment"


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    """Which deployments; empty and None mean all."""

    strategy_id: str = ""
    account: str = ""
    state: DeploymentState | None = None


@dataclass(frozen=True, slots=True)
class Deployments:
    """Every change is a step of the domain's machine, stored with its audit line.

    `state_of`: whether an account trades; `paper`: whether no real money moves on it; `wake`: the roster, once a change
    is committed.
    """

    storage: Storage
    clock: Clock
    state_of: Callable[[str], TradingState]
    paper: Callable[[str], bool]
    wake: Callable[[], None]

    async def start(self, work: UnitOfWork, spec: DeploymentSpec, interval: Interval, actor: Actor) -> StoredDeployment:
        """Store a deployment that is to start. Raises NotFound(STRATEGY_NOT_FOUND, SYMBOL_NOT_FOUND), InvalidInput,
        FailedPrecondition(BARS_NOT_FOUND, TRADING_RESTRICTED), AlreadyExists(DEPLOYMENT_EXISTS).
        """
        self._check_account(spec)
        if interval is not Interval.DAY_1:
            rule = f"must be one day: deployments trade on daily bars, not on those of {interval.word}"
            raise InvalidInput.of_field(f"{_FIELD}.interval", rule)
        code = await pinned(work, spec.strategy_id, spec.strategy_version, spec.parameters, _FIELD)
        symbols = await self._symbols(work, spec, interval)
        spec = replace(spec, strategy_version=code.version, parameters=code.parameters, symbols=symbols)
        now = self.clock.now()
        deployment_id = new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        stored = StoredDeployment(Deployment(deployment_id, spec), int(interval), code.code_hash, now, now)
        await work.deployments.add(stored)
        await work.audit.add(self._line(actor, "start", None, stored))
        return stored

    async def pause(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        """It watches, and sends no orders."""
        return await self._step(work, strategy_id, deployment_id, Step.PAUSE, actor)

    async def resume(self, work: UnitOfWork, strategy_id: str, deployment_id: str, actor: Actor) -> StoredDeployment:
        """It trades again. Raises FailedPrecondition(TRADING_RESTRICTED) besides."""
        found = await self.find(work, strategy_id, deployment_id)
        self._check_state(found.deployment.spec.account)
        return await self._step(work, strategy_id, deployment_id, Step.RESUME, actor)

    async def stop(
        self, work: UnitOfWork, strategy_id: str, deployment_id: str, mode: StopMode, actor: Actor
    ) -> StoredDeployment:
        """It ends; what becomes of its orders and positions is done by and by."""
        return await self._step(work, strategy_id, deployment_id, Step.STOP, actor, mode)

    async def get(self, deployment_id: str) -> StoredDeployment:
        """One. Raises NotFound(DEPLOYMENT_NOT_FOUND)."""
        async with self.storage.begin() as work:
            return await work.deployments.get(deployment_id)

    async def page(self, which: DeploymentFilter, before: str | None, limit: int) -> Sequence[StoredDeployment]:
        """Newest first, those older than the id `before`."""
        async with self.storage.begin() as work:
            return await work.deployments.page(which.strategy_id, which.account, which.state, before, limit)

    async def find(self, work: UnitOfWork, strategy_id: str, deployment_id: str) -> StoredDeployment:
        """The one that is named, or the only one of the strategy that has not ended. Raises NotFound, InvalidInput."""
        if deployment_id:
            found = await work.deployments.get(deployment_id)
            if strategy_id and found.deployment.spec.strategy_id != strategy_id:
                raise InvalidInput.of_field("strategy_id", f"is not that of deployment {deployment_id}")
            return found
        page = await work.deployments.page(strategy_id, "", None, None, 100)
        alive = [one for one in page if not one.deployment.state.ended]
        if len(alive) > 1:
            raise InvalidInput.of_field("deployment_id", f"{strategy_id} is at work {len(alive)} times: say which")
        if not alive:
            raise NotFound(
                f"strategy {strategy_id} is not at work",
                Reason.DEPLOYMENT_NOT_FOUND,
                metadata={"strategy": strategy_id},
            )
        return alive[0]

    async def _step(
        self,
        work: UnitOfWork,
        strategy_id: str,
        deployment_id: str,
        step: Step,
        actor: Actor,
        mode: StopMode = StopMode.CANCEL_ORDERS,
    ) -> StoredDeployment:
        before = await self.find(work, strategy_id, deployment_id)
        after = replace(
            before, deployment=stepped(before.deployment, step, stop_mode=mode), update_time=self.clock.now()
        )
        try:
            stored = await work.deployments.update(after)
        except Conflict:  # the roster moved it in the same moment: the caller may ask again
            raise FailedPrecondition(
                f"deployment {before.deployment.id} is changing right now", Reason.DEPLOYMENT_STATE
            ) from None
        await work.audit.add(self._line(actor, step.name.lower(), before, stored))
        return stored

    def _check_account(self, spec: DeploymentSpec) -> None:
        if spec.live and self.paper(spec.account):
            raise InvalidInput.of_field(f"{_FIELD}.live", f"account {spec.account} is a paper account")
        if not spec.live and not self.paper(spec.account):
            raise InvalidInput.of_field(f"{_FIELD}.live", f"account {spec.account} moves real money: say live")
        self._check_state(spec.account)

    def _check_state(self, account: str) -> None:
        state = self.state_of(account)
        if state is not TradingState.ACTIVE:
            raise FailedPrecondition(
                f"account {account} is {state.name}: no strategy is put to work on it",
                Reason.TRADING_RESTRICTED,
                metadata={"account": account, "state": state.name},
            )

    async def _symbols(self, work: UnitOfWork, spec: DeploymentSpec, interval: Interval) -> tuple[str, ...]:
        found = await work.symbols.get_many(spec.symbols)
        references = tuple(one.instrument.reference for one in found)
        if len(set(references)) < len(references):
            raise InvalidInput.of_field(f"{_FIELD}.symbols", "name an instrument twice")
        for one in found:
            if one.instrument.currency != spec.currency:
                rule = f"{one.instrument.reference} is not in {spec.currency}, the currency of the capital"
                raise InvalidInput.of_field(f"{_FIELD}.symbols", rule)
        having = await work.bars.having_any(found, SessionRange())
        for one in found:
            if one.key not in having:
                raise no_bars(one.instrument.id, SessionRange(), interval)
        return references

    def _line(self, actor: Actor, action: str, before: StoredDeployment | None, after: StoredDeployment) -> AuditLine:
        account = after.deployment.spec.account
        return AuditLine(
            self.clock.now(),
            account,
            actor.name,
            actor.source,
            f"deployment {action}",
            after.deployment.id,
            _told(before),
            _told(after),
        )


def _told(stored: StoredDeployment | None) -> str:
    """As JSON, for people."""
    return json.dumps(to_plain(stored.deployment)) if stored else ""
