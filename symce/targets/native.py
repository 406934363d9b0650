"""The native target: one C file a loss, and a module that compiles and calls it with the signatures of NumPy's.

This module prints text; it compiles nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from symce.kernel.kernel import Kernel
from symce.targets.native_c import c_source
from symce.targets.native_python import python_module, python_package
from symce.targets.softmax import softmax_kernels


class NativeTarget:
    """``native/NAME.c`` and ``native/NAME.py``: value, grad, value_and_grad and, where the program has it, hvp."""

    name = "native"
    suffix = ".py"

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The files of one loss, by path. Raises ValueError where a name is taken or is no identifier."""
        return {f"native/{kernel.name}.c": c_source(kernel), **python_module(kernel)}

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """``native/__init__.py``, what all losses share (compiler, cache, calls), and the softmax of ``functional``."""
        softmax = {f"native/_{k.name}.c": c_source(k) for k in softmax_kernels(kernels)}
        return {**python_package(kernels), **softmax}
