"""The market behind the simulated gateway: contracts, their history, and what trades now."""

from scizor.services.ibsim.market.actions import Split
from scizor.services.ibsim.market.clock import ReplayClock, SystemMarketClock
from scizor.services.ibsim.market.market import SimMarket

__all__ = ["ReplayClock", "SimMarket", "Split", "SystemMarketClock"]
