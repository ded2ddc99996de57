"""The view of an outsider: reads embeddings, never a model. Imports nothing of models, methods or training.

For auditors who have embeddings of their own::

    from emoprism.leakage import AuditOptions, Origin, audit_embeddings
    found = audit_embeddings(embeddings, AuditOptions(bootstrap=200), Origin("mine", "My system"))
    found.leakage.measurements
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoprism.leakage.auditor import Audit, Origin, audit_embeddings
    from emoprism.leakage.options import AuditOptions

__all__ = ["Audit", "AuditOptions", "Origin", "audit_embeddings"]


def __getattr__(name: str) -> Any:
    """Import late: whoever only wants a result's type need not load the attackers."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module = "options" if name == "AuditOptions" else "auditor"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
