"""Targets: each prints a Kernel as a module of the package ``symce_kernels``. They only print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from symce.kernel.kernel import Kernel
from symce.render import render as _render
from symce.targets.javascript import JavascriptTarget
from symce.targets.jax import JaxTarget
from symce.targets.native import NativeTarget
from symce.targets.numpy import NumpyTarget
from symce.targets.text import header
from symce.targets.torch import TorchTarget
from symce.targets.triton import TritonTarget


class Target(Protocol):
    """A language or library that kernels are printed for. Paths are relative to the folder ``symce_kernels``.

    ``suffix`` is how the names of its modules end; those of Python (``.py``) make a subpackage of ``symce_kernels``.
    """

    name: str
    suffix: str

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The files of one loss: path -> text."""
        ...

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """The files that depend on the list of losses alone: path -> text."""
        ...


TARGETS: Mapping[str, Target] = {
    t.name: t for t in (NumpyTarget(), TorchTarget(), JavascriptTarget(), NativeTarget(), JaxTarget(), TritonTarget())
}


def render_kernels(kernels: Sequence[Kernel], targets: Sequence[str] = tuple(TARGETS)) -> dict[str, str]:
    """All files of ``symce_kernels`` for these losses and targets: path -> text, in order of path.

    Raises ValueError for an unknown target, naming the known ones, and for two losses of one name.
    """
    unknown = [t for t in targets if t not in TARGETS]
    if unknown:
        raise ValueError(f"unknown target {unknown[0]!r}; there are: {', '.join(TARGETS)}")
    names = [k.name for k in kernels]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"two losses are named {twice[0]!r}; a module of symce_kernels needs a name of its own")
    files: dict[str, str] = {}
    python = sorted(t for t in targets if TARGETS[t].suffix == ".py")
    if python:
        top = header("", "the catalogue of losses")
        files = {"py.typed": top + "\n", "__init__.py": _render("package.py.jinja", header=top, targets=python)}
    for name in targets:
        files |= TARGETS[name].render_package(kernels)
        for kernel in kernels:
            files |= TARGETS[name].render(kernel)
    return dict(sorted(files.items()))
