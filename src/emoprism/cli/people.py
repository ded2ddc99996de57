"""Verbs that ask models by others: who is in these clips, and what would a teacher say of their faces."""

from __future__ import annotations

from collections.abc import Callable

VERBS: tuple[Callable[..., None], ...] = ()
