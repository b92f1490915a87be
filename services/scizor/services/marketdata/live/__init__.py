"""Live prices: one feed a contract, shared by all who read it.

`streams` is what a call asks, `lines` finds the contracts, `hub` opens and closes feeds, `channel` is one feed with its
readers, `mailbox` what one reader has not read yet.
"""
