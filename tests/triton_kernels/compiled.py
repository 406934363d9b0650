"""The kernels through Triton's compiler, which needs no GPU: run with the names of losses, in a process of its own.

Each kernel of each form is compiled for a GPU of compute capability 9.0, down to its machine code; prints one line a
kernel, and ends with an error at the first that the compiler refuses.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import sys

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from symce_kernels.triton import _arithmetic

GPU = GPUTarget("cuda", 90, 32)


def signature(kernel, form, real, stored, *, stride):
    """The types of a kernel's arguments, by name, and its constants, of which a stride of 1 is one, as in calls."""
    name = "fp64" if real == tl.float64 else "fp32"
    constants = {"LIMIT": False, "GRADIENT": True, "ENTRIES": False, "REAL": real, "BLOCK": 128}
    constants |= {"ONE_HOT": form == "dense", "WEIGHTED": True, "SMOOTHED": form == "dense"}
    constants |= {"stride": 1} if stride == 1 else {}
    types = {}
    for argument in inspect.signature(kernel.fn).parameters:
        if argument in constants or argument.startswith("EXPONENT"):
            constants.setdefault(argument, 1.5)
            types[argument] = "constexpr"
        elif argument.endswith(("_at", "_values")):
            index = argument == "target_at" and (form == "index" or constants["ONE_HOT"])
            own = argument in ("logits_at", "gradient_at")
            types[argument] = "*i64" if index else f"*{stored if own else name}"
        else:
            types[argument] = "i64" if argument.endswith("_bits") else "i32"
    return types, {(list(types).index(n),): value for n, value in constants.items() if n in types}


def main(names):
    for name, kind in itertools.product(names, ("whole", "blocks")):
        forms = importlib.import_module(f"symce_kernels.triton.{name}")._LOSS.forms
        for form, kernels in forms.items():
            kernel = getattr(kernels, kind)
            for real, stored in ((tl.float32, "bf16"), (tl.float64, "fp64")):
                types, constants = signature(kernel, form, real, stored, stride=1 if kind == "whole" else 2)
                if name in ("bce_with_logits", "sigmoid_focal"):
                    types["target_at"] = f"*{stored}"
                compiled = triton.compile(ASTSource(fn=kernel, signature=types, constexprs=constants), target=GPU)
                print(name, form, kind, stored, len(compiled.asm["cubin"]), "bytes", compiled.metadata.shared)
    arguments = {"gradient_at": "*bf16", "cotangent_at": "*fp32", "size": "i32", "BLOCK": "constexpr"}
    triton.compile(ASTSource(fn=_arithmetic.scale, signature=arguments, constexprs={(3,): 1024}), target=GPU)


if __name__ == "__main__":
    main(sys.argv[1:])
