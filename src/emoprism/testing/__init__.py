"""The public contract suites: run them on a plug-in of your own, as the project does on each of its plug-ins.

Every function returns where the plug-in keeps the contract of its family, and otherwise raises AssertionError with the
sentence of the contract that it breaks. They need no test framework::

    from emoprism.testing import check_splitter
    check_splitter("my_split", speaker="who")
"""

from emoprism.testing.asked import check_pretrained
from emoprism.testing.clips import check_corpus, check_splitter, example_units
from emoprism.testing.copies import check_copies
from emoprism.testing.methods import check_disentangler
from emoprism.testing.networks import EXAMPLE_CLASSES, check_encoder, check_model, example_stream, example_tasks
from emoprism.testing.outsiders import check_attacker, check_metric
from emoprism.testing.plugins import check_plugin
from emoprism.testing.sounds import check_acoustics
from emoprism.testing.tasks import check_task

__all__ = [
    "EXAMPLE_CLASSES",
    "check_acoustics",
    "check_attacker",
    "check_copies",
    "check_corpus",
    "check_disentangler",
    "check_encoder",
    "check_metric",
    "check_model",
    "check_plugin",
    "check_pretrained",
    "check_splitter",
    "check_task",
    "example_stream",
    "example_tasks",
    "example_units",
]
