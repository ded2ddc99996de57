"""Recipes as trees, side by side."""

from __future__ import annotations

from typing import Any


def differing(one: Any, other: Any, at: str = "") -> set[str]:
    """Dotted keys whose values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {k for key in one.keys() | other.keys() for k in differing(one.get(key), other.get(key), f"{at}.{key}")}
    return set() if one == other else {at.removeprefix(".")}
