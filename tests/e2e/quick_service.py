"""`python -m tests.e2e.quick_service`: the MarketData service as it is, but in a hurry where it waits for others."""

from __future__ import annotations

from dataclasses import replace

from scizor.adapters.ib import IbSettings
from scizor.domain.broker import FailureCategory
from scizor.services.marketdata.__main__ import main
from scizor.services.marketdata.assembly import Choices
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.setup import start


class QuickSettings(MarketDataSettings):
    """Deadlines and pauses of seconds in the place of minutes."""

    @property
    def broker(self) -> IbSettings:
        """A gateway that is silent for two seconds is given up."""
        return replace(
            super().broker,
            connect_s=3.0,
            history_s=4.0,
            silence_s=2.0,
            probe_s=1.0,
            backoff_s=0.1,
            backoff_most_s=0.5,
            pacing=replace(super().broker.pacing, pause_s=0.5, pause_most_s=1.0),
        )

    @property
    def choices(self) -> Choices:
        """A service that is killed is missed after three seconds."""
        chosen = super().choices
        hurried = replace(
            chosen.collections,
            lease_s=3.0,
            backoff_s=dict.fromkeys(FailureCategory, 0.3),
            backoff_most_s=1.0,
            max_attempts=30,
        )
        return replace(chosen, collections=hurried)


if __name__ == "__main__":
    start(QuickSettings, main)
