"""The Triton target: a loss and its gradient as one kernel of a GPU, a program instance a row.

This module prints text; it does not import Triton.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.layout import Text, call, definition, lines
from symce.targets.text import describe, escape, formulas, header, option_rows, paragraphs, table
from symce.targets.triton_expressions import Numbers
from symce.targets.triton_kernel import KernelPrinter

_KINDS = {
    "weight": "Tensor | float | None",
    "ignore_index": "int",
    "label_smoothing": "float",
    "reduction": "str",
    "normalizer": "Tensor | float | None",
    "on_empty": "str",
    "infinite": "str",
    "precision": "str",
}


class TritonTarget:
    """``triton/NAME.py``: the function NAME of PyTorch's tensors, and its kernels."""

    name = "triton"
    suffix = ".py"

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The module of one loss, by its path. Raises ValueError where a name is taken or is no identifier."""
        i = Interface(kernel)
        forms = [_form(i, form) for form in i.forms]
        text = "\n".join(k for form in forms for k in form["kernels"])
        imports = sorted(
            set(re.findall(r"(?<![\w.])(_[a-z]\w*)\(", text))
            - {f"_{f.name}_{w}" for f in i.forms for w in ("whole", "blocks")}
        )
        params = [f'("{p.name}", "{p.shape}", "{p.domain}", {p.default!r})' for p in kernel.params]
        return {
            f"triton/{kernel.name}.py": render(
                "triton/module.py.jinja",
                header=header(kernel.name, f"sha256 {kernel.source_hash}"),
                docstring=_docstring(i),
                name=kernel.name,
                math=any("math." in form["numbers"] + form["exponents"] for form in forms),
                imports=_imports(imports),
                function_definition=definition(kernel.name, _signature(i), "Tensor"),
                function_docstring=f"{escape(kernel.title).rstrip('.')}; the module's text says what each argument is.",
                call="\n".join(lines("return ", _call(i), 4)),
                params=_tuple(params),
                forms=forms,
                i=i,
            )
        }

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """``triton/__init__.py``, which imports a loss when it is first asked for, and what all losses share."""
        top = header("", "the catalogue of losses")
        names = sorted(k.name for k in kernels)
        return {
            "triton/__init__.py": render("triton/package.py.jinja", header=top, names=names),
            "triton/_arithmetic.py": render("triton/arithmetic.py.jinja", header=top),
            "triton/_calls.py": render("triton/calls.py.jinja", header=top),
        }


def _form(i: Interface, form: Form) -> dict[str, Any]:
    """The kernels of one form of the target, and the function that gives them their numbers."""
    numbers = Numbers()
    for _ in range(2):  # both kernels get the numbers of both, which are known when both have been printed
        kernels = [KernelPrinter(i, form, numbers, blocks=blocks).text() for blocks in (False, True)]
    scalars = [p.name for p in i.kernel.params if p.shape == ""]
    return {
        "name": form.name,
        "numbers_definition": definition(f"_{form.name}_numbers", ["K", *scalars]),
        "numbers": _tuple([n.text for n in numbers.values]),
        "exponents": _tuple([n.text for n in numbers.exponents]),
        "kernels": kernels,
    }


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' * (len(items) == 1)})"


def _imports(names: Sequence[str]) -> str:
    whole = f"from ._arithmetic import {', '.join(names)}"
    return whole if len(whole) <= 120 else "from ._arithmetic import (\n    " + ",\n    ".join(names) + ",\n)"


def _signature(i: Interface) -> list[str]:
    options = [f"{name}: {_KINDS[name]} = {default}" for name, default in i.options()]
    target = ["target: Tensor"] if i.target else []
    return ["input: Tensor", *target, "*", *(_annotated(p) for p in i.kernel.params), *options]


def _annotated(p: KernelParam) -> str:
    kind = "float" if p.shape == "" else "Tensor | float"
    return f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}"


def _call(i: Interface) -> Text:
    """The call of what all losses share."""
    names = [p.name for p in i.kernel.params]
    params = f"({', '.join(names)}{',' if len(names) == 1 else ''})"
    options = [f"{name}={name}" for name, _ in i.options()]
    return call("_calls.loss", "_LOSS", "input", "target" if i.target else "None", params, *options)


def _docstring(i: Interface) -> str:
    kernel = i.kernel
    rows = [("input", "logits (K,), (N, K) or (N, K, d1, ...), the K classes second, as everywhere in PyTorch")]
    forms = []
    if i.index:
        forms.append("class indices: integers of the input's shape without the classes")
    if i.dense:
        forms.append("one float a class, in the input's shape")
    if forms:
        rows.append(("target", "; or ".join(forms)))
    rows += [(p.name, describe(p, "input")) for p in kernel.params]
    rows += option_rows(i, "half and bfloat16 are computed")
    range_ = " A class out of range, which is looked at on the CPU alone, makes its row NaN." if i.index else ""
    return (
        paragraphs(
            escape(kernel.title).rstrip(".") + ".",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            "A program instance a row: one that fits is held as a whole, a longer one is passed over in blocks. Where "
            "the loss is one number its gradient is computed with it. The gradient is not differentiated again: "
            "symce_kernels.torch does that. Gradients flow to the input alone: anything else that requires grad is "
            "refused. The loss has the input's dtype, under autocast float32; its gradient has the input's.",
            "Raises TypeError for a wrong dtype; ValueError for a wrong shape, an unknown word for an option, a number "
            f"outside its domain, or a tensor of the CPU unless Triton's interpreter is on.{range_}",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )
