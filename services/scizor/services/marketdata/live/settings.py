"""What an operator may decide about live prices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How many feeds and readers there may be, and how long quiet and unread ones are kept up."""

    # Interactive Brokers gives an account without extras this many.
    max_feeds: int = 100
    max_streams: int = 500
    max_symbols_per_stream: int = 100
    # Statuses, gaps and complete bars that one reader may leave unread; of the rest only the newest is kept.
    max_unread: int = 1000
    # A feed whose last reader has left stays open this long, for the one who only reloads the page.
    linger_s: float = 5.0
    # A stream with nothing to tell says so this often.
    heartbeat_s: float = 5.0
