"""Interactive Brokers through ib_async's wire client: connection, contracts, history and live prices.

Only the library's client and decoder are used; what answers them is ours, because its own bookkeeping declares orders
cancelled that live, takes errors for empty answers and has no deadlines.
"""

from scizor.adapters.ib.broker import IbBroker
from scizor.adapters.ib.settings import IbSettings, RestartWindow

__all__ = ["IbBroker", "IbSettings", "RestartWindow"]
