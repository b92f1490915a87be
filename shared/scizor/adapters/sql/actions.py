"""Corporate actions in PostgreSQL."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.tables import corporate_actions, sources
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import AlreadyExists, Reason
from scizor.domain.instruments import StoredInstrument

_ACTIONS = Prepared(
    select(corporate_actions, sources.c.name.label("source"))
    .join(sources)
    .where(corporate_actions.c.symbol_id == bindparam("wanted"))
    .order_by(corporate_actions.c.ex_date, corporate_actions.c.type)
)


class SqlActions:
    """`ports.bars.CorporateActionRepository`."""

    def __init__(self, session: Session, sources_of: Sources) -> None:
        self._session = session
        self._sources = sources_of

    async def of(self, instrument: StoredInstrument) -> list[CorporateAction]:
        """All of one instrument, by ex-date."""
        return [
            CorporateAction(ActionType(row["type"]), row["ex_date"], row["value"], row["source"], row["pay_date"])
            for row in await _ACTIONS.rows(self._session, wanted=instrument.key)
        ]

    async def record(self, instrument: StoredInstrument, action: CorporateAction) -> CorporateAction:
        """Store it; the same again is fine.

        Raises AlreadyExists(CORPORATE_ACTION_EXISTS) for another value on that date.
        """
        new = insert(corporate_actions).values(
            symbol_id=instrument.key,
            type=int(action.type),
            ex_date=action.ex_date,
            value=action.value,
            pay_date=action.pay_date,
            source_id=await self._sources.id_of(action.source),
        )
        await self._session.execute(new.on_conflict_do_nothing())
        known = next(
            known
            for known in await self.of(instrument)
            if known.type is action.type and known.ex_date == action.ex_date
        )
        if known.value != action.value:
            raise AlreadyExists(
                f"{instrument.instrument.id} has another {action.type.name.lower()} on {action.ex_date}",
                Reason.CORPORATE_ACTION_EXISTS,
                metadata={"symbol": instrument.instrument.id, "ex_date": action.ex_date.isoformat()},
            )
        return known
