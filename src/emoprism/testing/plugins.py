"""What holds of the file of any plug-in."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoprism.plugins import Family


def check_plugin(family: Family[Any], name: str) -> None:
    """What holds of the file of any plug-in: found by name, documented, and options that are typed and default well."""
    plugin = family.find(name)
    assert plugin.__doc__ and plugin.__doc__.strip(), f"{name}: the class has a docstring"
    for parameter in inspect.signature(plugin).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            assert parameter.annotation is not inspect.Parameter.empty, f"{name}: option {parameter.name} has a type"
            assert parameter.default is not inspect.Parameter.empty, f"{name}: option {parameter.name} has a default"
    _, problems = family.validate(name, {}, name)
    assert not problems, f"{name}: its defaults are legal options: {problems}"
    _, problems = family.validate(name, {"no_such_option": 1}, name)
    assert problems, f"{name}: an unknown option is refused"
