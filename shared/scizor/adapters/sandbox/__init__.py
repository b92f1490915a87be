"""Strangers' code, run in locked processes of this machine.

A warden, started with an empty environment, imports what runs need, shuts itself off from the network and from all
files but Python's own, and forks one child a run. The child locks itself for good (`locks/`), calls our program and
lets it load the code. Host side: `sandbox` (the port), `wardens` (its process), `reading`, `answers` and `verdicts`
(what the child says is believed in nothing), `runs`, `talks`. Child side: `warden`, `keeper`, `child`, `bell`,
`saying`, `talking`. Both sides: `questions`, `answers`, `documents`, `wire`.
"""

from __future__ import annotations

from scizor.adapters.sandbox.gaps import Gap
from scizor.adapters.sandbox.sandbox import LockedSandbox
from scizor.adapters.sandbox.settings import SandboxSettings

__all__ = ["Gap", "LockedSandbox", "SandboxSettings"]
