"""Limits, risk events, trading states, equity, deployments and the audit in dicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scizor.domain.errors import AlreadyExists, Conflict, NotFound, Reason
from scizor.domain.trading.deployments import DeploymentState
from scizor.domain.trading.limits import Rule, Scope
from scizor.ports.journal import AuditLine
from scizor.ports.trading import (
    AccountState,
    EquityPoint,
    RiskEvent,
    RiskEventKind,
    StoredDeployment,
    StoredLimit,
)
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


class FakeRisk:
    """`ports.trading.RiskRepository`."""

    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables.trading, journal

    async def limits(self) -> list[StoredLimit]:
        found = self._tables.limits.values()
        return sorted(found, key=lambda one: (one.limit.scope, one.limit.key, one.limit.rule))

    async def limit(self, limit_id: str) -> StoredLimit:
        for stored in self._tables.limits.values():
            if stored.limit.id == limit_id:
                return stored
        raise NotFound(f"no risk limit {limit_id}", Reason.RISK_LIMIT_NOT_FOUND, metadata={"limit": limit_id})

    async def limit_of(self, rule: Rule, scope: Scope, key: str) -> StoredLimit | None:
        return self._tables.limits.get((rule, scope, key))

    async def set_limit(self, stored: StoredLimit, expected_version: int | None) -> None:
        key = (stored.limit.rule, stored.limit.scope, stored.limit.key)
        known = self._tables.limits.get(key)
        if expected_version is not None and (known is None or known.version != expected_version):
            raise _stale("risk limit", stored.limit.id)
        self._journal.put(self._tables.limits, key, stored)

    async def delete_limit(self, limit_id: str, expected_version: int | None) -> StoredLimit:
        stored = await self.limit(limit_id)
        if expected_version not in (None, stored.version):
            raise _stale("risk limit", limit_id)
        self._journal.remove(self._tables.limits, (stored.limit.rule, stored.limit.scope, stored.limit.key))
        return stored

    async def add_event(self, event: RiskEvent) -> RiskEvent:
        newest = max((number for account, number in self._tables.events if account == event.account), default=0)
        numbered = replace(event, sequence=newest + 1)
        self._journal.put(self._tables.events, (event.account, newest + 1), numbered)
        return numbered

    async def events(
        self,
        account: str,
        *,
        after: int = 0,
        before: int | None = None,
        strategy_id: str = "",
        kind: RiskEventKind | None = None,
        start: datetime | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[RiskEvent]:
        found = [
            event
            for event in self._tables.events.values()
            if event.account == account
            and event.sequence > after
            and (before is None or event.sequence < before)
            and strategy_id in ("", event.strategy_id)
            and kind in (None, event.kind)
            and (start is None or event.time >= start)
        ]
        return sorted(found, key=lambda event: event.sequence, reverse=newest_first)[:limit]

    async def state(self, account: str) -> AccountState | None:
        return self._tables.states.get(account)

    async def set_state(self, state: AccountState) -> None:
        self._journal.put(self._tables.states, state.account, state)

    async def mark_equity(self, point: EquityPoint) -> None:
        key = (point.account, point.deployment_id, point.time.replace(second=0, microsecond=0))
        known = self._tables.equity.get(key)
        if known is None or point.time >= known.time:
            self._journal.put(self._tables.equity, key, point)

    async def equity(
        self, account: str, deployment_id: str, start: datetime | None = None, limit: int = 100_000
    ) -> list[EquityPoint]:
        found = [
            point
            for point in self._tables.equity.values()
            if (point.account, point.deployment_id) == (account, deployment_id)
            and (start is None or point.time >= start)
        ]
        return sorted(found, key=lambda point: point.time)[:limit]


class FakeDeployments:
    """`ports.trading.DeploymentRepository`."""

    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._stored, self._journal = tables.trading.deployments, journal

    async def add(self, stored: StoredDeployment) -> None:
        spec = stored.deployment.spec
        at_work = {one.deployment.spec.strategy_id for one in await self.unfinished(spec.account)}
        if spec.strategy_id in at_work:
            raise AlreadyExists(
                f"strategy {spec.strategy_id} is at work on account {spec.account} already",
                Reason.DEPLOYMENT_EXISTS,
                metadata={"strategy": spec.strategy_id, "account": spec.account},
            )
        self._journal.put(self._stored, stored.deployment.id, stored)

    async def get(self, deployment_id: str) -> StoredDeployment:
        if deployment_id not in self._stored:
            message = f"no deployment {deployment_id}"
            raise NotFound(message, Reason.DEPLOYMENT_NOT_FOUND, metadata={"deployment": deployment_id})
        return self._stored[deployment_id]

    async def update(self, stored: StoredDeployment) -> StoredDeployment:
        known = await self.get(stored.deployment.id)
        if known.version != stored.version:
            raise _stale("deployment", stored.deployment.id)
        after = replace(stored, version=stored.version + 1)
        self._journal.put(self._stored, stored.deployment.id, after)
        return after

    async def unfinished(self, account: str) -> list[StoredDeployment]:
        found = await self.page("", account, None, None, len(self._stored))
        return [one for one in reversed(found) if not one.deployment.state.ended]

    async def page(
        self, strategy_id: str, account: str, state: DeploymentState | None, before: str | None, limit: int
    ) -> list[StoredDeployment]:
        found = [
            one
            for one in self._stored.values()
            if strategy_id in ("", one.deployment.spec.strategy_id)
            and account in ("", one.deployment.spec.account)
            and state in (None, one.deployment.state)
            and (before is None or one.deployment.id < before)
        ]
        return sorted(found, key=lambda one: one.deployment.id, reverse=True)[:limit]


class FakeMoments:
    """`ports.trading.MomentRepository`."""

    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._stored, self._journal = tables.trading.moments, journal

    async def add(self, deployment_id: str, sequence: int, document: str) -> None:
        if (deployment_id, sequence) in self._stored:
            raise _stale("moment of deployment", deployment_id)
        self._journal.put(self._stored, (deployment_id, sequence), document)

    async def page(self, deployment_id: str, after: int, limit: int) -> list[str]:
        found = sorted(key for key in self._stored if key[0] == deployment_id and key[1] > after)
        return [self._stored[key] for key in found[:limit]]


class FakeAudit:
    """`ports.trading.AuditRepository`."""

    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._lines, self._journal = tables.trading.audit, journal

    async def add(self, line: AuditLine) -> None:
        self._journal.put(self._lines, len(self._lines) + 1, line)

    async def lines(self, account: str, limit: int) -> list[AuditLine]:
        return [line for _, line in sorted(self._lines.items(), reverse=True) if line.account == account][:limit]


def _stale(what: str, its_id: str) -> Conflict:
    return Conflict(f"{what} {its_id} has changed since", Reason.ETAG_STALE, metadata={"id": its_id})
