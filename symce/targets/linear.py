"""``linear_NAME``: a linear layer and a loss as one function, for every loss of a package; for NumPy and for PyTorch.

z = x W^T + b is made in chunks of rows, and the derivative G = dL/dz of each chunk is written over it: dx = G W,
dW = G^T x and db, the sum of the rows of G, are what ``symce.derivation.linear`` proves for every loss (the corollaries
"batch-weights", "batch-bias" and "input" of its proof). The chunks call the loss's own module, so that each option
means what it means there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symce.kernel.kernel import Kernel
from symce.render import render
from symce.targets.interface import Interface
from symce.targets.layout import call, definition, lines
from symce.targets.text import escape, header

#: What the arguments may be, by library: those of options, then those of parameters by their shape.
_KINDS: Mapping[str, Mapping[str, str]] = {
    "numpy": {
        "weight": "ArrayLike | None", "normalizer": "float | None", "": "float", "K": "ArrayLike", "NxK": "ArrayLike",
    },
    "torch": {
        "weight": "Tensor | None", "normalizer": "Tensor | float | None", "": "float", "K": "Tensor | float",
        "NxK": "Tensor | float",
    },
}  # fmt: skip
_PLAIN = {"ignore_index": "int", "label_smoothing": "float"}
#: What the chunks are not told: they are called for the losses of their rows, and the whole is reduced outside.
_OUTSIDE = ("reduction", "normalizer", "on_empty")


def render_linear(library: str, kernels: Sequence[Kernel]) -> dict[str, str]:
    """``LIBRARY/linear.py`` for "numpy" or "torch": path -> text, with one function a loss."""
    interfaces = [Interface(k) for k in sorted(kernels, key=lambda k: k.name)]
    text = render(
        f"{library}/linear.py.jinja",
        header=header("", "the catalogue of losses"),
        names=[f"linear_{i.kernel.name}" for i in interfaces],
        functions=[_function(library, i) for i in interfaces],
        facts=[_facts(i) for i in interfaces],
    )
    return {f"{library}/linear.py": text}


def _function(library: str, i: Interface) -> str:
    name, kinds = i.kernel.name, _KINDS[library]
    array = {"numpy": "ArrayLike", "torch": "Tensor"}[library]
    args = [f"x: {array}", f"W: {array}", f"b: {array} | None", *([f"target: {array}"] if i.target else []), "*"]
    for p in i.kernel.params:
        kind = kinds[p.shape]
        args.append(f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}")
    args += [f"{option}: {kinds.get(option, _PLAIN.get(option, 'str'))} = {value}" for option, value in i.options()]
    args.append("memory: int | None = None")
    passed = [f'"{name}"', "x", "W", "b", "target" if i.target else "None", *_OUTSIDE, "memory"]
    result = "Tensor"
    if library == "numpy":
        args.append("cotangent: ArrayLike | None = None")
        passed.append("cotangent")
        result = "_Result"
    inside = [p.name for p in i.kernel.params] + [option for option, _ in i.options() if option not in _OUTSIDE]
    body = lines("return ", call("_linear", *passed, *(f"{n}={n}" for n in inside)), 4)
    title = escape(i.kernel.title).rstrip(".")
    return "\n".join([definition(f"linear_{name}", args, result), f'    """{title}, of x W^T + b."""', *body])


def _facts(i: Interface) -> str:
    """One line of the table of what the chunks have to know of a loss."""
    entries = "".join(f'"{p.name}", ' for p in i.row_params).rstrip(" ")
    entries = entries if len(i.row_params) == 1 else entries.rstrip(",").replace(",", ", ")
    return f'"{i.kernel.name}": _Facts({i.index}, {i.dense}, {i.kernel.elementwise}, ({entries})),'
