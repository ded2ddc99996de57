"""95 % bootstrap intervals over speakers (Efron 1979; clusters: Field and Welsh 2007).

Clips of one speaker are no independent witnesses, so speakers are drawn, with all their clips. Over several seeds the
same draw serves every seed, and the statistic is the mean over seeds.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from emoprism.leakage.evidence import Evidence, columns

Interval = tuple[float, float]
BOUNDS = (2.5, 97.5)


def interval(evidence: Sequence[Evidence], resamples: int, seed: int) -> Interval | None:
    """Percentile interval of the mean of the values, one piece of evidence per seed.

    As many speakers as there are, all seeds together, are drawn with replacement, `resamples` times. A seed none of
    whose speakers is drawn (or, for pairs, too few) is left out of that draw's mean. None where there are fewer than
    two speakers or no resample.
    """
    speakers = sorted({speaker for piece in evidence for speaker in piece.speakers})
    if len(speakers) < 2 or resamples == 0:
        return None
    weights = draws(len(speakers), resamples, seed)
    values = np.stack([piece.values(columns(weights, speakers, piece)) for piece in evidence])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a draw in which no seed has a value
        low, high = np.nanpercentile(np.nanmean(values, axis=0), BOUNDS)
    return None if np.isnan(low) else (float(low), float(high))


def draws(speakers: int, resamples: int, seed: int) -> Float[np.ndarray, "R S"]:
    """How often each speaker is drawn in each resample."""
    rng = np.random.default_rng([seed, speakers])
    return rng.multinomial(speakers, np.full(speakers, 1 / speakers), size=resamples).astype(np.float64)
