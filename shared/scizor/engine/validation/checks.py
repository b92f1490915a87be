"""What this package asks of the arrays it is given."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput


def finite_matrix(field: str, values: FloatArray) -> FloatArray:
    """The matrix itself. Raises InvalidInput for another number of axes, for an empty one and for values not finite."""
    if values.ndim != 2 or not values.size:
        raise InvalidInput.of_field(field, f"must be a matrix with at least one value, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise InvalidInput.of_field(field, "must be finite")
    return values


def objective_of(field: str, values: FloatArray, maximize: bool) -> FloatArray:
    """The same values with the highest the best, shape (n_trials,); NaN stays.

    Raises InvalidInput for another number of axes, for none that is defined and for infinite ones.
    """
    if values.ndim != 1 or not np.isfinite(values).any():
        raise InvalidInput.of_field(field, "must be a column with at least one defined value")
    if np.isinf(values).any():
        raise InvalidInput.of_field(field, "must be finite, or NaN where undefined")
    return values if maximize else -values
