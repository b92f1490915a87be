"""Interactive Brokers through ib_async's wire client: connection, contracts, history, live prices, orders.

Only the library's client and decoder are used; what answers them is ours, because its own bookkeeping declares orders
cancelled that live, takes errors for empty answers and has no deadlines.
"""

from scizor.adapters.ib.broker import IbBroker
from scizor.adapters.ib.order_broker import IbOrderBroker
from scizor.adapters.ib.settings import IbOrderSettings, IbSettings, RestartWindow

__all__ = ["IbBroker", "IbOrderBroker", "IbOrderSettings", "IbSettings", "RestartWindow"]
