"""Strategies at work, in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.documents import from_document
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import deployments
from scizor.codec.plain import to_plain
from scizor.domain.errors import AlreadyExists, Conflict, NotFound, Reason
from scizor.domain.trading.deployments import Deployment, DeploymentSpec, DeploymentState, StopMode
from scizor.ports.trading import StoredDeployment

_UNFINISHED = text(f"state <> {int(DeploymentState.STOPPED)}")
"""The index's own words: a parameter in their place names it only as long as PostgreSQL plans for each value."""


class SqlDeployments:
    """`ports.trading.DeploymentRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, stored: StoredDeployment) -> None:
        """Store a new one. Raises AlreadyExists(DEPLOYMENT_EXISTS) where one of its strategy has not ended."""
        spec = stored.deployment.spec
        new = insert(deployments).values(_pinned(stored) | _standing(stored) | {"version": stored.version})
        unique = new.on_conflict_do_nothing(
            index_elements=[deployments.c.account, deployments.c.strategy_id], index_where=_UNFINISHED
        )
        if await self._session.first(unique.returning(deployments.c.id)) is None:
            raise AlreadyExists(
                f"strategy {spec.strategy_id} is at work on account {spec.account} already",
                Reason.DEPLOYMENT_EXISTS,
                metadata={"strategy": spec.strategy_id, "account": spec.account},
            )

    async def get(self, deployment_id: str) -> StoredDeployment:
        """One. Raises NotFound(DEPLOYMENT_NOT_FOUND)."""
        row = await self._session.first(select(deployments).where(deployments.c.id == deployment_id))
        if row is None:
            message = f"no deployment {deployment_id}"
            raise NotFound(message, Reason.DEPLOYMENT_NOT_FOUND, metadata={"deployment": deployment_id})
        return _stored(row)

    async def update(self, stored: StoredDeployment) -> StoredDeployment:
        """Store how it stands; returns it with its new version.

        Raises NotFound(DEPLOYMENT_NOT_FOUND), Conflict(ETAG_STALE) for another version.
        """
        after = replace(stored, version=stored.version + 1)
        known = (deployments.c.id == stored.deployment.id, deployments.c.version == stored.version)
        changed = update(deployments).where(*known).values(_standing(after) | {"version": after.version})
        if await self._session.first(changed.returning(deployments.c.id)) is None:
            await self.get(stored.deployment.id)
            told = {"deployment": stored.deployment.id}
            raise Conflict(f"deployment {stored.deployment.id} has changed since", Reason.ETAG_STALE, metadata=told)
        return after

    async def unfinished(self, account: str) -> list[StoredDeployment]:
        """Those that have not ended, oldest first."""
        query = select(deployments).where(deployments.c.account == account, _UNFINISHED).order_by(deployments.c.id)
        return [_stored(row) for row in await self._session.all(query)]

    async def page(
        self, strategy_id: str, account: str, state: DeploymentState | None, before: str | None, limit: int
    ) -> list[StoredDeployment]:
        """Newest first, those older than the id `before`; empty texts mean all."""
        query = select(deployments).order_by(deployments.c.id.desc()).limit(limit)
        if strategy_id:
            query = query.where(deployments.c.strategy_id == strategy_id)
        if account:
            query = query.where(deployments.c.account == account)
        if state is not None:
            query = query.where(deployments.c.state == int(state))
        if before is not None:
            query = query.where(deployments.c.id < before)
        return [_stored(row) for row in await self._session.all(query)]


def _pinned(stored: StoredDeployment) -> dict[str, Any]:
    """What never changes."""
    spec = stored.deployment.spec
    return {
        "id": stored.deployment.id,
        "account": spec.account,
        "strategy_id": spec.strategy_id,
        "strategy_version": spec.strategy_version or None,
        "spec": to_plain(spec),
        "interval": stored.interval,
        "code_hash": stored.code_hash,
        "create_time": stored.create_time,
    }


def _standing(stored: StoredDeployment) -> dict[str, Any]:
    deployment = stored.deployment
    return {
        "state": int(deployment.state),
        "stop_mode": int(deployment.stop_mode),
        "error": deployment.error,
        "error_reason": stored.error_reason,
        "last_bar": deployment.last_bar,
        "update_time": stored.update_time,
        "end_time": stored.end_time,
    }


def _stored(row: Row[Any]) -> StoredDeployment:
    deployment = Deployment(
        row.id,
        from_document(DeploymentSpec, row.spec),
        DeploymentState(row.state),
        StopMode(row.stop_mode),
        row.error,
        row.last_bar,
    )
    return StoredDeployment(
        deployment,
        row.interval,
        row.code_hash,
        row.create_time,
        row.update_time,
        row.end_time,
        row.version,
        row.error_reason,
    )
