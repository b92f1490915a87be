"""Where bars and actions come from, as a number in a row and a text in the domain."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import sources
from scizor.domain.errors import DataCorrupt, Reason


class Sources:
    """`names` may be shared by all transactions: a source is never changed nor deleted, and no number is used twice."""

    def __init__(self, session: Session, names: dict[int, str]) -> None:
        self._session = session
        self._names = names

    async def id_of(self, name: str) -> int:
        """The number of a source, stored when new."""
        known = select(sources.c.id).where(sources.c.name == name)
        found = await self._session.scalar(known)
        if found is None:
            new = insert(sources).values(name=name).on_conflict_do_nothing().returning(sources.c.id)
            found = await self._session.scalar(new)
        if found is None:  # another transaction stored it between the two
            found = await self._session.scalar(known)
        return int(found)

    async def names_of(self, ids: Iterable[int]) -> tuple[str, ...]:
        """The names of sources, in the order given."""
        wanted = list(ids)
        missing = [number for number in wanted if number not in self._names]
        if missing:
            query = select(sources.c.id, sources.c.name).where(sources.c.id.in_(missing))
            self._names.update((row.id, row.name) for row in await self._session.all(query))
        try:
            return tuple(self._names[number] for number in wanted)
        except KeyError as error:
            raise DataCorrupt("a row names a source that is not stored", Reason.DATA_CORRUPT) from error
