"""What the values of this package have in common."""

from __future__ import annotations

import math

from scizor.domain.errors import InvalidInput


def check_not_negative(owner: object, *names: str) -> None:
    """Raise InvalidInput for a number that is negative or not finite; None is no number."""
    for name in names:
        value = getattr(owner, name)
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise InvalidInput.of_field(f"{type(owner).__name__.lower()}.{name}", "must be at least 0 and finite")
