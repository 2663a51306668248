"""How sure is a mean over few seeds?"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

RESAMPLES = 9999
METHOD = "percentile bootstrap over seeds (scipy.stats.bootstrap, 9,999 resamples)"


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with its 95 % percentile bootstrap interval; no interval (nan) for fewer than two values.

    Five seeds make such an interval too narrow: of normal samples of five, it holds the true mean in about
    83 of 100 rather than in 95. That is one reason why rules ask for a margin and not for an effect above 0.
    """
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"values: wanted one or more numbers, got shape {sample.shape}")
    if len(sample) < 2:
        return float(sample.mean()), float("nan"), float("nan")
    low, high = stats.bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, confidence_level=0.95, method="percentile", rng=0
    ).confidence_interval
    return float(sample.mean()), float(low), float(high)
