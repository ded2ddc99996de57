"""The conditions under which classifiers are fitted: one thread, and no advice from scikit-learn to the user."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def fitting() -> Generator[None]:
    """Numerical libraries (BLAS, OpenMP) keep to one thread inside the block.

    The last bit of a sum depends on who adds what, and workers side by side must not crowd one another. Silent inside:
    fits that stop at their limit of iterations (meant), and the advice that many classes look like a regression.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield
