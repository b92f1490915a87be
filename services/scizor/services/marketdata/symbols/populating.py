"""Use case: the built-in universe becomes stored instruments."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from scizor.domain.broker import SourceFailure
from scizor.domain.errors import Reason, Unavailable
from scizor.domain.instruments import Instrument, Verification
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.marketdata.symbols.asking import Answer, Questions
from scizor.services.marketdata.symbols.universe import universe

_NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Populated:
    """How far the populating is. Of the `created`, `valid`, `invalid` and `ambiguous` were judged by the broker."""

    total: int
    existing: int
    created: int = 0
    valid: int = 0
    invalid: int = 0
    ambiguous: int = 0
    unanswered: int = 0

    @property
    def done(self) -> int:
        """Handled so far."""
        return self.existing + self.created + self.unanswered

    @property
    def unchecked(self) -> int:
        """Stored without the broker's word."""
        return self.created - self.valid - self.invalid - self.ambiguous


async def populate_unchecked(storage: Storage) -> AsyncGenerator[Populated, None]:
    """Store what is missing of the universe, all or nothing, without asking the broker."""
    async with storage.begin() as work:
        created = await work.symbols.add_missing(await _missing(work))
    total = len(universe())
    yield Populated(total, existing=total - created, created=created)


async def populate(storage: Storage, questions: Questions, clock: Clock) -> AsyncGenerator[Populated, None]:
    """Store what is missing of the universe as the broker's answers come, inactive where it is unknown or ambiguous.

    Raises Unavailable(BROKER_UNAVAILABLE): before anything is stored when there is no broker to ask, else at the end,
    for those it gave no answer about. They are not stored, so that populating again asks for them.
    """
    async with storage.begin() as work:
        missing = await _missing(work)
    step = Populated(len(universe()), existing=len(universe()) - len(missing))
    unanswered: list[Answer] = []
    try:
        async with aclosing(questions.many(missing)) as groups:
            async for answers in groups:
                failed = [answer for answer in answers if isinstance(answer.outcome, SourceFailure)]
                unanswered += failed
                step = await _stored(storage, clock, answers, replace(step, unanswered=len(unanswered)))
                yield step
    except SourceFailure as failure:
        raise _unavailable(f"{failure.message}: {step.created} symbols were stored", len(missing)) from failure
    if unanswered:
        names = ", ".join(answer.instrument.id for answer in unanswered[:_NAMED_AT_MOST])
        more = ", ..." if len(unanswered) > _NAMED_AT_MOST else ""
        raise _unavailable(f"the broker gave no answer about {names}{more}", len(unanswered))
    if not missing:
        yield step


async def _stored(storage: Storage, clock: Clock, answers: Sequence[Answer], step: Populated) -> Populated:
    """Store the answered ones in one transaction; one that somebody else has stored meanwhile is left as it is."""
    results = []
    async with storage.begin() as work:
        for answer in sorted(answers, key=lambda answer: _key(answer.instrument)):
            finding = answer.outcome
            if isinstance(finding, SourceFailure):
                continue
            if not await work.symbols.add_missing([answer.instrument]):
                step = replace(step, existing=step.existing + 1)
                continue
            stored = await work.symbols.get(answer.instrument.reference)
            active = None if finding.result is Verification.VALID else False
            await work.symbols.verified(stored.key, replace(finding, active=active), clock.now())
            results.append(finding.result)
    return replace(
        step,
        created=step.created + len(results),
        valid=step.valid + results.count(Verification.VALID),
        invalid=step.invalid + results.count(Verification.INVALID),
        ambiguous=step.ambiguous + results.count(Verification.AMBIGUOUS),
    )


async def _missing(work: UnitOfWork) -> list[Instrument]:
    """Those of the universe whose key is not stored."""
    known = universe()
    found = await work.symbols.find_many([instrument.reference for instrument in known])
    keys = {_key(stored.instrument) for stored in found if stored}
    return [instrument for instrument in known if _key(instrument) not in keys]


def _key(instrument: Instrument) -> tuple[str, str, str]:
    return instrument.symbol, instrument.primary_exchange, instrument.currency


def _unavailable(what: str, left: int) -> Unavailable:
    message = f"{what}; populate again, or set force to store without asking the broker"
    return Unavailable(message, Reason.BROKER_UNAVAILABLE, metadata={"symbols": str(left)})
