"""Find a plug-in by its file name and read its options off its signature.

A family is a package (`emoprism/disentangle`) with one file per plug-in. The file `confusion.py` defines exactly one
public subclass of the family's base class; its positional constructor arguments come from the house, its keyword-only
arguments, with annotations and defaults, are the user's options. Nothing is registered anywhere.

Own plug-ins: put `disentangle/my_method.py` into a directory and name that directory in EMOPRISM_PLUGINS
(several, separated as in PATH). They are found, validated and contract-tested like the ones inside.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import pkgutil
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from emoprism.errors import PluginError, Problem, did_you_mean

T = TypeVar("T")

PLUGINS_VARIABLE = "EMOPRISM_PLUGINS"
HOUSE_FILES = frozenset({"base", "ranks"})
"""File names inside a family's package that are not plug-ins; nor are names that begin with _, nor packages."""


@dataclass(frozen=True)
class Family(Generic[T]):
    """All plug-ins of one kind: `folder` is the package below emoprism, `base` the name of the class in its base.py."""

    folder: str
    base: str
    noun: str

    @property
    def package(self) -> str:
        """Dotted name of the package that holds the family."""
        return "emoprism." + self.folder.replace("/", ".")

    def names(self) -> list[str]:
        """Names of all plug-ins of the family, inside and outside the package, sorted."""
        inside = importlib.import_module(self.package)
        modules = [m.name for m in pkgutil.iter_modules(inside.__path__) if not m.ispkg]
        found = {name for name in modules if not name.startswith("_")} - HOUSE_FILES
        for directory in self._outside():
            found |= {path.stem for path in directory.glob("*.py") if not path.stem.startswith("_")}
        return sorted(found)

    def find(self, name: str) -> type[T]:
        """The class of the plug-in `name`. Raises PluginError with the nearest name where there is none."""
        if name not in self.names():
            raise PluginError(f"no {self.noun} called '{name}'; {did_you_mean(name, self.names())}")
        module = self._module(name)
        base = getattr(importlib.import_module(self.package + ".base"), self.base)
        own = [
            value
            for key, value in vars(module).items()
            if inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
            if not key.startswith("_") and not inspect.isabstract(value)
        ]
        if len(own) != 1:
            raise PluginError(
                f"{module.__file__}: a {self.noun} file defines exactly one public subclass of {self.base}; "
                f"found {len(own)}"
            )
        return cast("type[T]", own[0])

    def options(self, name: str) -> type[BaseModel]:
        """A strict model of the user's options of the plug-in: its keyword-only constructor arguments."""
        plugin = self.find(name)
        try:
            hints = typing.get_type_hints(plugin.__init__, include_extras=True)
        except NameError as error:
            raise PluginError(f"{self.noun} {name}: {error}; import the types of options at run time") from None
        fields: dict[str, Any] = {}
        for parameter in inspect.signature(plugin).parameters.values():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                if parameter.name not in hints:
                    raise PluginError(f"{self.noun} {name}: the option '{parameter.name}' needs a type annotation")
                default = ... if parameter.default is inspect.Parameter.empty else parameter.default
                fields[parameter.name] = (hints[parameter.name], default)
        config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)
        return create_model(f"{plugin.__name__}Options", __config__=config, **fields)

    def validate(self, name: str, options: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[Problem]]:
        """The options with defaults filled in, and what is wrong with them (then the options are empty)."""
        try:
            model = self.options(name)
        except PluginError as error:
            return {}, [Problem(where, str(error))]
        try:
            checked = model.model_validate(dict(options))
        except ValidationError as error:
            return {}, problems_of(error, where, model)
        return {key: getattr(checked, key) for key in model.model_fields}, []

    def make(self, name: str, *house: Any, options: Mapping[str, Any] | None = None) -> T:
        """Construct the plug-in with the house's positional arguments and the user's options."""
        checked, problems = self.validate(name, options or {}, self.noun + " " + name)
        if problems:
            raise PluginError("\n".join(map(str, problems)))
        return self.find(name)(*house, **checked)

    def _outside(self) -> list[Path]:
        roots = [Path(root) for root in os.environ.get(PLUGINS_VARIABLE, "").split(os.pathsep) if root]
        for root in roots:
            if not root.is_dir():
                raise PluginError(f"{PLUGINS_VARIABLE} names {root}, which is no directory")
        return [root / self.folder for root in roots if (root / self.folder).is_dir()]

    def _module(self, name: str) -> ModuleType:
        for directory in self._outside():
            path = directory / f"{name}.py"
            if path.is_file():
                return _load(path, f"emoprism_plugins.{self.folder.replace('/', '.')}.{name}")
        return importlib.import_module(f"{self.package}.{name}")


def _load(path: Path, name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(cast("importlib.machinery.ModuleSpec", spec))
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PluginError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    return module


def problems_of(error: ValidationError, where: str, model: type[BaseModel]) -> list[Problem]:
    """Pydantic's errors in the house's words: the key's path, what was expected, and the nearest known key."""
    problems: list[Problem] = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        place = f"{where}: {key}" if where and key else where or key
        if item["type"] == "extra_forbidden":
            siblings = _fields_at(model, item["loc"][:-1])
            problems.append(Problem(place, "unknown key", did_you_mean(str(item["loc"][-1]), siblings)))
        elif item["type"] == "missing":
            problems.append(Problem(place, "this key is required"))
        else:
            # What is wrong with the whole (no key) is said of its parts; the whole would fill the screen.
            given = f"given: {item['input']!r}"[:200] if key else ""
            problems.append(Problem(place, item["msg"].removeprefix("Value error, "), given))
    return problems


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in loc:
        info = getattr(current, "model_fields", {}).get(part)
        # A part that is no field is a key of a mapping: what it leads to is the mapping's last type argument.
        current = (typing.get_args(current) or (None,))[-1] if info is None else info.annotation
    return list(getattr(current, "model_fields", {}))
