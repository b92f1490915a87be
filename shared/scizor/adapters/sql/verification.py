"""What the broker said of instruments, and the archive of those that were removed, in PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.symbol_rows import lock_for_change, stored_symbol
from scizor.adapters.sql.tables import broker_contracts, symbols
from scizor.domain.broker import BrokerContract, DataOrigin
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.instruments import AssetType, StoredInstrument
from scizor.ports.symbols import Finding

_PLAIN = ("con_id", "symbol", "primary_exchange", "currency", "exchange", "name", "min_tick", "time_zone")
_ARCHIVE = text("""
INSERT INTO symbol_archives (
    id, symbol, primary_exchange, currency, details, reason, archive_time,
    bars, intraday_bars, first_session, last_session
)
SELECT :id, symbol, primary_exchange, currency, json_build_object(
    'symbol', to_json(symbols),
    'contract', (SELECT to_json(broker_contracts) FROM broker_contracts WHERE symbol_id = :key),
    'actions', (
        SELECT coalesce(json_agg(json_build_object(
            'type', type, 'ex_date', ex_date, 'value', value, 'pay_date', pay_date,
            'source', sources.name, 'create_time', create_time
        ) ORDER BY ex_date, type), '[]')
        FROM corporate_actions JOIN sources ON sources.id = source_id WHERE symbol_id = :key
    ),
    'flags', (
        SELECT coalesce(json_agg(to_json(bar_flags) ORDER BY session, kind), '[]')
        FROM bar_flags WHERE symbol_id = :key
    ),
    'gaps', (
        SELECT coalesce(json_agg(to_json(session_gaps) ORDER BY interval, session), '[]')
        FROM session_gaps WHERE symbol_id = :key
    )
), :reason, :now, daily.bars, (SELECT count(*) FROM bars WHERE symbol_id = :key), daily.first, daily.last
FROM symbols CROSS JOIN (
    SELECT count(*) AS bars, min(session) AS first, max(session) AS last FROM daily_prices WHERE symbol_id = :key
) AS daily WHERE id = :key
""")
_VALUES = "open, high, low, close, volume, partial, scale_date"
_MOVE_PRICES = f"""
INSERT INTO archived_prices (archive_id, session, revision, {_VALUES}, source, replace_time)
SELECT '{{archive_id}}', session, revision, {_VALUES}, name, replace_time
FROM (
    SELECT session, revision, {_VALUES}, source_id, NULL AS replace_time
    FROM daily_prices WHERE symbol_id = {{key:d}}
    UNION ALL
    SELECT session, revision, {_VALUES}, source_id, replace_time FROM bar_revisions WHERE symbol_id = {{key:d}}
) AS told JOIN sources ON sources.id = source_id
"""  # noqa: S608 - built of constants, a number and an id made here
_MOVE_BARS = f"""
INSERT INTO archived_bars (archive_id, interval, start_time, session, {_VALUES}, source, revision)
SELECT '{{archive_id}}', interval, start_time, session, {_VALUES}, name, revision
FROM bars JOIN sources ON sources.id = source_id WHERE symbol_id = {{key:d}}
"""  # noqa: S608 - built of constants, a number and an id made here
DELETE_SYMBOL = "DELETE FROM symbols WHERE id = {key:d}"
"""Takes all that belongs to it along."""


class SqlVerification:
    """The part of `ports.symbols.SymbolRepository` that follows what the broker says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def verified(self, key: int, finding: Finding, now: datetime) -> StoredInstrument:
        """Record what the broker said, with the contract when there is one. Raises NotFound(SYMBOL_NOT_FOUND).

        The version grows only with a change of `active`: it guards what people edit. A time of deactivation stays
        until the instrument is active again.
        """
        stored = await lock_for_change(self._session, key, str(key))
        active = stored.instrument.active if finding.active is None else finding.active
        deactivated = (stored.deactivate_time or now) if finding.active is False else stored.deactivate_time
        values: dict[str, Any] = {
            "last_verified": now,
            "verified_result": int(finding.result),
            "verified_reason": finding.reason,
            "deactivate_time": None if active else deactivated,
        }
        if active is not stored.instrument.active:
            values |= {"active": active, "version": symbols.c.version + 1, "update_time": func.now()}
        if finding.contract is not None:
            values["contract_id"] = finding.contract.con_id
            new = _contract_values(finding.contract) | {"resolve_time": now}
            upsert = insert(broker_contracts).values(symbol_id=key, **new)
            await self._session.execute(upsert.on_conflict_do_update(index_elements=["symbol_id"], set_=new))
        changed = update(symbols).where(symbols.c.id == key).values(values).returning(symbols)
        return stored_symbol((await self._session.execute(changed)).one())

    async def contracts(self, keys: Sequence[int]) -> Mapping[int, BrokerContract]:
        """The contracts recorded, by storage's number; those without one are left out."""
        query = select(broker_contracts).where(broker_contracts.c.symbol_id.in_(keys))
        return {row.symbol_id: _contract(row) for row in await self._session.all(query)}

    async def archive(self, key: int, reason: str, now: datetime) -> str:
        """Move it with all that is known of it to the archive; the archive's id. Raises NotFound."""
        await lock_for_change(self._session, key, str(key))
        archive_id = new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        await self._session.execute(_ARCHIVE, {"id": archive_id, "key": key, "reason": reason, "now": now})
        await self._session.allow_bulk_time()
        for command in (_MOVE_PRICES, _MOVE_BARS, DELETE_SYMBOL):
            await self._session.run_bulk(command.format(archive_id=archive_id, key=key))
        return archive_id


def _contract_values(contract: BrokerContract) -> dict[str, Any]:
    return {
        **{name: getattr(contract, name) for name in _PLAIN},
        "asset_type": int(contract.asset_type),
        "origins": [
            [origin.name, *(day.isoformat() if day else None for day in (origin.first, origin.last))]
            for origin in contract.origins
        ],
    }


def _contract(row: Row[Any]) -> BrokerContract:
    return BrokerContract(
        **{name: getattr(row, name) for name in _PLAIN},
        asset_type=AssetType(row.asset_type),
        origins=tuple(
            DataOrigin(name, *(date.fromisoformat(day) if day else None for day in days)) for name, *days in row.origins
        ),
    )
