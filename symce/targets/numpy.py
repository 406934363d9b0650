"""The NumPy target: one module a loss that imports NumPy alone, so that the file can be copied into a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.layout import call, definition, lines
from symce.targets.linear import render_linear
from symce.targets.numpy_expressions import NumpyPrinter
from symce.targets.text import describe, escape, formulas, header, option_rows, paragraphs, table

_LOSS = "np.floating[Any] | NDArray[Any]"
_ARRAY = "NDArray[Any]"


class NumpyTarget:
    """``numpy/NAME.py``: value, grad, value_and_grad and, where the program has it, hvp."""

    name = "numpy"
    suffix = ".py"

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The module of one loss, by its path. Raises ValueError where a name is taken or is no identifier."""
        i = Interface(kernel)
        printer = NumpyPrinter()
        rows = [_row_function(printer, i, form, output) for form in i.forms for output in _outputs(i)]
        arrays = [p.name for p in i.row_params]
        return {
            f"numpy/{kernel.name}.py": render(
                "numpy/module.py.jinja",
                header=header(kernel.name, f"sha256 {kernel.source_hash}"),
                docstring=_docstring(i),
                exports=", ".join(f'"{name}"' for name in sorted(("grad", *_outputs(i)))),
                public=[_public(i, name) for name in ("value", "grad", *_outputs(i)[1:])],
                row_functions=rows,
                forms=[_table_of(i, form) for form in i.forms],
                evaluate=definition("_evaluate", ["wanted", *_positional(i)]),
                parameter_lines="\n".join(line for p in kernel.params for line in _parameter(p)).splitlines()
                + _option_lines(i),
                only_kernels=f"_{i.forms[0].name.upper()}" if i.target else "_ROWS",
                others=", ".join([*(["target"] if i.target else []), *(["v"] if i.hvp else []), "cotangent", *arrays]),
                block_args=["z", *(["y"] if i.target else []), *(_sliced(p) for p in kernel.params)],
                helpers=_helpers(printer, i),
                i=i,
            )
        }

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """``numpy/__init__.py``, which imports a module when it is first asked for, and ``numpy/linear.py``."""
        names = sorted(k.name for k in kernels)
        text = render("numpy/package.py.jinja", header=header("", "the catalogue of losses"), names=names)
        return {"numpy/__init__.py": text, **render_linear("numpy", kernels)}


def _helpers(printer: NumpyPrinter, i: Interface) -> set[str]:
    """The helpers that a module needs: those of its row functions, and of the effective target."""
    helpers = set(printer.helpers)
    if i.smoothing and i.index:
        helpers |= {"put", "places"}
    if "less" in helpers:
        helpers.add("sum")
    return helpers


def _outputs(i: Interface) -> tuple[str, ...]:
    return ("value", "value_and_grad", "hvp") if i.hvp else ("value", "value_and_grad")


def _row_function(printer: NumpyPrinter, i: Interface, form: Form, output: str) -> dict[str, str]:
    wanted = {"value": ("value",), "value_and_grad": ("value", "gradient"), "hvp": ("hvp",)}[output]
    args = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params)]
    what = {"value": "Losses", "value_and_grad": "Losses and gradients", "hvp": "The Hessian times v,"}[output]
    target = {"index": "; target: class indices (N, 1)", "dense": "; target: (N, K)", "none": ""}[form.name]
    text = f'    """{what} of rows{target}."""\n'.replace(", of", " of")
    return {
        "definition": definition(f"_{output}{form.suffix}", [*args, *(["v"] if output == "hvp" else [])]),
        "body": text + printer.body(form.program.only(*wanted)),
    }


def _table_of(i: Interface, form: Form) -> str:
    name = "_ROWS" if form.name == "none" else f"_{form.name.upper()}"
    entries = [f'"{output}": _{output}{form.suffix}' for output in _outputs(i)]
    return f"{name} = {{{', '.join(entries)}}}"


def _positional(i: Interface) -> list[str]:
    """The arguments of ``_evaluate`` after ``wanted``."""
    return [
        "logits",
        *(["target"] if i.target else []),
        *(["v"] if i.hvp else []),
        "cotangent",
        *(p.name for p in i.kernel.params),
        *(name for name, _ in i.options()),
        "axis",
        "out",
    ]


def _public(i: Interface, name: str) -> dict[str, str]:
    args = [
        "logits: ArrayLike",
        *(["target: ArrayLike"] if i.target else []),
        *(["v: ArrayLike"] if name == "hvp" else []),
    ]
    args += ["*", *(_annotated(p) for p in i.kernel.params)]
    kinds = {
        "weight": "ArrayLike | None", "ignore_index": "int", "label_smoothing": "float",
        "reduction": "str", "normalizer": "float | None", "on_empty": "str", "infinite": "str", "precision": "str",
    }  # fmt: skip
    args += [f"{option}: {kinds[option]} = {default}" for option, default in i.options()]
    args += ["axis: int = -1"]
    if name != "value":
        args += ["cotangent: ArrayLike | None = None", f"out: {_ARRAY} | None = None"]
    result = {"value": _LOSS, "value_and_grad": f"tuple[{_LOSS}, {_ARRAY}]"}.get(name, _ARRAY)
    given = {"v": "v" if name == "hvp" else "None"} | (
        dict.fromkeys(("cotangent", "out"), "None") if name == "value" else {}
    )
    wanted = "value_and_grad" if name == "grad" else name
    passed = [f'"{wanted}"', *(given.get(a, a) for a in _positional(i))]
    take = {"value": "loss, _ = ", "value_and_grad": "return "}.get(name, "_, derivative = ")
    back = {"value": "\n    return loss", "value_and_grad": ""}.get(name, "\n    return derivative")
    each = "entry" if i.kernel.elementwise else "row"
    docs = {
        "value": f'The loss: a number, or one a {each} with ``reduction="none"``.',
        "grad": f'The gradient in the logits; ``cotangent``: one number a {each}, with ``reduction="none"``.',
        "value_and_grad": "The loss and its gradient together; see ``value`` and ``grad``.",
        "hvp": "The Hessian with respect to the logits times ``v``, which has their shape, in O(K) a row.",
    }
    return {
        "definition": definition(name, args, result),
        "docstring": docs[name],
        "body": "\n".join(lines(take, call("_evaluate", *passed), 4)) + back,
    }


def _annotated(p: KernelParam) -> str:
    kind = "float" if p.shape == "" else "ArrayLike"
    return f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}"


def _parameter(p: KernelParam) -> list[str]:
    """The statements that check a parameter and give it its shape."""
    default = [] if p.default is None else [repr(p.default)]
    name = f'"{p.name}"'
    if p.shape == "":
        return lines(f"{p.name} = ", call("_number", name, p.name, f'"{p.domain}"', *default), 4)
    if p.shape == "K":
        return lines(f"{p.name} = ", call("_per_class", name, p.name, "K", "dtype", f'"{p.domain}"', *default), 4)
    text = lines(
        f"{p.name} = ", call("_per_entry", name, p.name, "logits.shape", "dtype", f'"{p.domain}"', *default), 4
    )
    return [*text, f"    {p.name} = _to_rows({p.name}, axis)"]


def _option_lines(i: Interface) -> list[str]:
    text = []
    if i.weight:
        text += ["    if weight is not None:", '        weight = _per_class("weight", weight, K, dtype)']
    if i.smoothing:
        text.append('    label_smoothing = _number("label_smoothing", label_smoothing, "unit")')
    return text


def _sliced(p: KernelParam) -> str:
    return f"_block({p.name}[block], dtype, N)" if p.shape == "NxK" else p.name


def _docstring(i: Interface) -> str:
    kernel: Any = i.kernel
    rows = [("logits", "floats of any shape, the K classes along ``axis``; one dimension is one row")]
    forms = []
    if i.index:
        forms.append("class indices: integers of the logits' shape without ``axis``")
    if i.dense:
        forms.append("one float a class, in the logits' shape")
    if forms:
        rows.append(("target", "; or ".join(forms)))
    if i.hvp:
        rows.append(("v", "the vector of a Hessian-vector product, in the logits' shape"))
    rows += [(p.name, describe(p, "logits")) for p in kernel.params]
    rows += option_rows(i, "float16 is computed")
    shape = "the logits' shape" if kernel.elementwise else "the logits' shape without ``axis``"
    rows.append(("cotangent", f'what flows into the losses of ``reduction="none"``, in {shape}; default ones'))
    rows.append(
        ("out", "None, or an array of the logits' shape and dtype, such as the logits: the derivative is written to it")
    )
    classes = ", a class out of range" if i.index else ""
    return (
        paragraphs(
            escape(kernel.title).rstrip(".") + ".",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            "Results have the logits' dtype, rounded once. No argument but ``out`` is written to.",
            f"Raises TypeError for a wrong dtype; ValueError for a wrong shape{classes}, an unknown "
            "word for an option or a number outside its domain.",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )
