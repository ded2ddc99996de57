"""One thread at a time: the last bit of a sum depends on who adds what, and workers must not crowd one another."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def single_thread() -> Generator[None]:
    """Numerical libraries (BLAS, OpenMP) keep to one thread inside the block."""
    import sklearn.utils  # noqa: F401  # pyright: ignore[reportUnusedImport]  # loads the OpenMP that is to be limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
