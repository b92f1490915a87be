"""What a child and its host tell each other through pipes: records of a letter, a length and that many bytes."""

from __future__ import annotations

import struct
from typing import Final

READY: Final = b"R"
"""The locks are closed and no strangers' code was loaded yet: whatever comes after may be forged."""
FAULT: Final = b"F"
"""Ours, in place of READY: text."""
MESSAGE: Final = b"M"
"""What the program says on its way: JSON."""
ANSWER: Final = b"A"
"""As `answers` writes one."""
ERROR: Final = b"E"
"""In place of an answer: JSON."""

QUESTION: Final = b"Q"
"""Of a conversation, from the host: `deadline_s` and `document`, as `answers` writes one."""

HEAD: Final = struct.Struct("<cQ")
MAX_TEXT_BYTES: Final = 64 << 10
"""Longest MESSAGE, ERROR and FAULT."""
MAX_PRINTED_BYTES: Final = 64 << 10
"""What is kept of what the code prints; the rest is left out."""
QUESTIONS_FD: Final = 0
ANSWER_FD: Final = 3
RULES_FD: Final = 4
MAX_REQUEST_BYTES: Final = 64 << 10
"""Longest message between host and warden."""
GRACE_S: Final = 0.5
"""A run that is out of time has this long to say at which line it is."""
