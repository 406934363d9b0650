"""Generated modules, loaded from their files: by path, under private names, without touching ``sys.path``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from symce.losses.loss import Loss

#: Arguments that every generated function of a target has beside those of its loss.
_SHARED = {"reduction", "normalizer", "on_empty", "precision"}
_ARRAYS = {"logits", "axis", *_SHARED}
_ALWAYS = {"numpy": _ARRAYS, "native": {*_ARRAYS, "threads"}, "torch": {"input", *_SHARED}}
_MAYBE = {"target", "weight", "ignore_index", "label_smoothing", "infinite", "out", "inplace"}
#: Targets whose functions take NumPy's arrays: value, grad, value_and_grad and perhaps hvp.
OF_ARRAYS = ("numpy", "native")


class LoadError(Exception):
    """A generated module is not there, cannot be imported, or lacks a function that it must have."""


@dataclass(frozen=True)
class Generated:
    """A generated module and what its functions accept; ``options`` are the names of their arguments.

    ``functions`` holds value, grad, value_and_grad and perhaps hvp (OF_ARRAYS), or the loss function (torch), by name.
    """

    loss: Loss
    target: str
    module: ModuleType
    functions: Mapping[str, Callable[..., Any]]
    options: frozenset[str]

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms of target that it accepts: "index" and "dense", or "none"."""
        if self.loss.target == "none":
            return ("none",)
        index = ("index",) if "ignore_index" in self.options else ()
        return index if self.loss.target == "index" else (*index, "dense")

    def accepts(self, option: str) -> bool:
        return option in self.options


def package_folder(root: Path) -> Path:
    """The folder ``symce_kernels``, given itself or the folder that it lies in. Raises LoadError for another."""
    for folder in (root / "symce_kernels", root):
        if any((folder / target).is_dir() for target in _ALWAYS):
            return folder
    raise LoadError(f"{root}: no generated kernels there (no folder {', '.join(_ALWAYS)}); derive them first")


def load(root: Path, target: str, loss: Loss) -> Generated:
    """The module of a loss for a target ("numpy", "torch" or "native", whose kernels are compiled when first called).

    Raises LoadError where the file is missing, its import fails, a function is missing, or the signature does not say
    what the loss says: its parameters with their defaults, a target unless it has none, and the options.
    """
    path = package_folder(root) / target / f"{loss.name}.py"
    if not path.is_file():
        raise LoadError(f"{path}: there is no such file; derive {loss.name} for the target {target}")
    try:
        module = _imported(path, f"_symce_verify_{target}", shared=target == "native")
    except Exception as error:
        raise LoadError(f"{path}: its import fails: {type(error).__name__}: {error}") from error
    needed = ("value", "grad", "value_and_grad") if target in OF_ARRAYS else (loss.name,)
    missing = [name for name in needed if not callable(getattr(module, name, None))]
    if missing:
        raise LoadError(f"{path}: it defines no function {missing[0]!r}")
    names = (*needed, "hvp") if target in OF_ARRAYS and callable(getattr(module, "hvp", None)) else needed
    functions = {name: getattr(module, name) for name in names}
    arguments = {name: inspect.signature(f).parameters for name, f in functions.items()}
    for name in names:
        _check_signature(loss, target, name, arguments[name], path)
    return Generated(loss, target, module, functions, frozenset(arguments[needed[0]]))


def _check_signature(
    loss: Loss, target: str, function: str, arguments: Mapping[str, inspect.Parameter], path: Path
) -> None:
    given = set(arguments) - {"v", "cotangent"}
    wanted = _ALWAYS[target] | {p.name for p in loss.params} | ({"target"} if loss.target != "none" else set())
    if loss.target == "index":
        wanted |= {"ignore_index"}
    if target in OF_ARRAYS:
        extra = {"v", "cotangent"} if function == "hvp" else {"cotangent"} if function != "value" else set()
        if extra - set(arguments):
            raise LoadError(f"{path}: {function} lacks the argument {min(extra - set(arguments))!r}")
    if wanted - given:
        raise LoadError(f"{path}: {function} lacks the argument {min(wanted - given)!r}")
    if given - wanted - _MAYBE:
        raise LoadError(f"{path}: {function} has an argument that the loss knows nothing of: {min(given - wanted)!r}")
    for p in loss.params:
        default = arguments[p.name].default
        stated = inspect.Parameter.empty if p.default is None else p.default
        if default != stated:
            raise LoadError(f"{path}: {function} has {p.name}={default!r}, the loss says {stated!r}")


def _imported(path: Path, name: str, *, shared: bool) -> ModuleType:
    """The module of a file; ``shared``: it imports others of its folder, which is then imported as a package."""
    if shared:
        folder = path.parent
        name = f"{name}_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
        if name not in sys.modules:
            _executed(folder / "__init__.py", name, [str(folder)])
        return _executed(path, f"{name}.{path.stem}", None)
    return _executed(path, f"{name}_{path.stem}", None)


def imported_package(folder: Path) -> str:
    """The name under which the whole folder ``symce_kernels`` is imported: private, and its own for each folder."""
    name = f"_symce_verify_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        _executed(folder / "__init__.py", name, [str(folder)])
    return name


def _executed(path: Path, name: str, folders: list[str] | None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if folders is not None:  # a package is looked up by its own modules
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def compiler_installed() -> bool:
    """Whether there is a C compiler for the native kernels: that of $CC, or the system's."""
    given = shlex.split(os.environ.get("CC", ""))
    return any(shutil.which(name) for name in (given[:1] or ("cc", "gcc", "clang")))


def torch_installed() -> bool:
    """Whether PyTorch can be imported."""
    return importlib.util.find_spec("torch") is not None
