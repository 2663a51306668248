"""How sure is a mean over few seeds?"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

METHOD = "Student's t over seeds (scipy.stats.ttest_1samp)"


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with its 95 % interval by Student's t; no interval (nan) for fewer than two values."""
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"values: wanted one or more numbers, got shape {sample.shape}")
    mean = float(sample.mean())
    if len(sample) < 2:
        return mean, float("nan"), float("nan")
    if np.ptp(sample) == 0:
        return mean, mean, mean
    bounds = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    return mean, float(bounds.low), float(bounds.high)
