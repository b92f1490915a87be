"""Use case: the broker is asked about stored instruments, and what it says is recorded and followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from scizor.domain.broker import SourceFailure
from scizor.domain.errors import NotFound
from scizor.domain.instruments import StoredInstrument, Verification
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.symbols import Finding, SymbolFilter
from scizor.services.marketdata.symbols.asking import Answer, Questions
from scizor.services.marketdata.symbols.standing import Action, VerificationSettings, consequence, due

_log = structlog.get_logger(__name__)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ValidationOrder:
    """Whom to ask about. `references`: only these, empty for all. `limit`: how many at most, 0 for all."""

    references: Sequence[str] = ()
    limit: int = 0
    even_if_recent: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the broker said about an instrument, NEVER when it failed to, and what followed."""

    symbol: str
    result: Verification
    reason: str = ""
    candidates: tuple[str, ...] = ()
    action: Action = Action.KEPT
    archive_id: str = ""


@dataclass(frozen=True, slots=True)
class Validated:
    """How far it is. `outcomes`: of this step, those whose standing changed and those that failed."""

    total: int
    skipped: int
    valid: int = 0
    invalid: int = 0
    ambiguous: int = 0
    failed: int = 0
    gone: int = 0
    outcomes: tuple[Outcome, ...] = ()

    @property
    def done(self) -> int:
        """Handled so far, skipped ones included."""
        return self.skipped + self.valid + self.invalid + self.ambiguous + self.failed + self.gone


class Validating:
    """Each group of answers is recorded before it is told, so that being stopped loses little."""

    def __init__(self, storage: Storage, questions: Questions, clock: Clock, settings: VerificationSettings) -> None:
        self._storage = storage
        self._questions = questions
        self._clock = clock
        self._settings = settings

    async def run(self, order: ValidationOrder) -> AsyncGenerator[Validated, None]:
        """Ask about those that are due. A broker that fails on one changes nothing of it.

        Raises NotFound, InvalidInput for a reference, and SourceFailure when the broker is disconnected: what was told
        is recorded.
        """
        asked, skipped = await self._planned(order)
        step = Validated(len(asked) + skipped, skipped)
        if not asked:
            yield step
        seen = {stored.instrument: stored for stored in asked}
        async with aclosing(self._questions.many(list(seen))) as groups:
            async for answers in groups:
                outcomes = [
                    (seen[answer.instrument], await self._followed(seen[answer.instrument], answer))
                    for answer in answers
                ]
                step = _counted(step, outcomes)
                yield step

    async def _planned(self, order: ValidationOrder) -> tuple[list[StoredInstrument], int]:
        """Those to ask about, never or longest not verified first, and how many were verified lately."""
        async with self._storage.begin() as work:
            if order.references:
                candidates = await work.symbols.get_many(order.references)
            else:
                candidates = await work.symbols.all(SymbolFilter())
        candidates = list({stored.key: stored for stored in candidates}.values())
        now = self._clock.now()
        asked = [stored for stored in candidates if order.even_if_recent or due(stored, now, self._settings)]
        skipped = len(candidates) - len(asked)
        asked.sort(key=lambda stored: stored.last_verified or _NEVER)
        return asked[: order.limit or None], skipped

    async def _followed(self, seen: StoredInstrument, answer: Answer) -> Outcome | None:
        """Record the answer and do what follows; None when the instrument is gone."""
        symbol, said = answer.instrument.id, answer.outcome
        if isinstance(said, SourceFailure):
            _log.warning("symbol_not_validated", symbol=symbol, reason=said.message)
            return Outcome(symbol, Verification.NEVER, said.message)
        try:
            async with self._storage.begin() as work:
                action, archive_id = await self._acted(work, seen, said)
        except NotFound:
            return None
        if action is not Action.KEPT:
            _log.warning(f"symbol_{action.name.lower()}", symbol=symbol, reason=said.reason, archive_id=archive_id)
        return Outcome(symbol, said.result, said.reason, answer.candidates, action, archive_id)

    async def _acted(self, work: UnitOfWork, seen: StoredInstrument, said: Finding) -> tuple[Action, str]:
        """What is done, and the archive's id. Where something is to be done, the instrument as it is now decides."""
        now, grace, stored = self._clock.now(), self._settings.grace, seen
        if consequence(stored, said.result, now, grace) is not Action.KEPT:
            stored = await work.symbols.get(seen.instrument.reference, locked=True)
        action = consequence(stored, said.result, now, grace)
        await work.symbols.verified(stored.key, replace(said, active=action.active), now)
        if action is not Action.ARCHIVED:
            return action, ""
        reason = f"unknown to the broker since {stored.deactivate_time:%Y-%m-%d}: {said.reason}"
        return action, await work.symbols.archive(stored.key, reason, now)


def _counted(step: Validated, outcomes: Sequence[tuple[StoredInstrument, Outcome | None]]) -> Validated:
    """One group further."""
    results = [outcome.result for _, outcome in outcomes if outcome]
    return replace(
        step,
        valid=step.valid + results.count(Verification.VALID),
        invalid=step.invalid + results.count(Verification.INVALID),
        ambiguous=step.ambiguous + results.count(Verification.AMBIGUOUS),
        failed=step.failed + results.count(Verification.NEVER),
        gone=step.gone + len(outcomes) - len(results),
        outcomes=tuple(outcome for seen, outcome in outcomes if outcome and _tells(seen, outcome)),
    )


def _tells(seen: StoredInstrument, outcome: Outcome) -> bool:
    """Whether the standing changed, or the broker failed."""
    failed = outcome.result is Verification.NEVER
    return failed or outcome.action is not Action.KEPT or outcome.result is not seen.verified_result
